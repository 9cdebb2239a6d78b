/** The same parser, without what reads configuration files: its modules cost 2 ms at start. */
declare module 'yargs-parser/browser' {
  import parser from 'yargs-parser'
  export default parser
}
