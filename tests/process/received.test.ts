import { spawnSync } from 'node:child_process'
import { createServer, type Socket as NodeSocket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseSockets, type ReceivedReader, socketReceived } from '../../src/process/received.ts'
import { startReady } from '../fakes/children.ts'
import { eventually } from '../fakes/eventually.ts'

const hasSs = process.platform === 'linux' && spawnSync('ss', ['-V']).status === 0

describe('what ss prints', () => {
  it('is taken apart: inode, ends and bytes received', () => {
    const text = `u_str ESTAB      0      0              * 349625         * 349624 <->
u_str ESTAB      0      0      /run/x.sock 37582         * 37581  <->
tcp   ESTAB 0      0      127.0.0.1:18999    127.0.0.1:40302 ino:222995 sk:1 cgroup:/ <->
\t ts sack bbr wscale:10,10 rto:200 cwnd:10 bytes_sent:5 bytes_received:96 segs_out:1
tcp   ESTAB 0      0      [::1]:443    [::1]:40304   timer:(keepalive,548ms,0) ino:7 sk:2 <->
\t sack cubic rto:204 cwnd:24
`
    expect(parseSockets(text)).toEqual([
      { kind: 'unix', inode: '349625', peerInode: '349624' },
      { kind: 'unix', inode: '37582', peerInode: '37581' },
      { kind: 'tcp', inode: '222995', local: '127.0.0.1:18999', peer: '127.0.0.1:40302', received: 96 },
      { kind: 'tcp', inode: '7', local: '[::1]:443', peer: '[::1]:40304', received: 0 },
    ])
  })

  it('may be nothing, or nonsense', () => {
    expect(parseSockets('')).toEqual([])
    expect(parseSockets('Cannot open netlink socket\n\n')).toEqual([])
  })
})

describe.skipIf(!hasSs)('what the sockets of a tree receive', () => {
  /** A client that receives with recv(2), and the server's end of its connection. */
  const client = async (): Promise<{ readonly pid: number; readonly peer: NodeSocket }> => {
    const peers: NodeSocket[] = []
    const server = createServer((socket) => peers.push(socket.on('error', () => undefined))).listen(
      0,
      '127.0.0.1',
    )
    onTestFinished(() => {
      for (const peer of peers) peer.destroy()
      server.close()
    })
    const { port } = await eventually('it listens', () => {
      const address = server.address()
      return typeof address === 'object' && address !== null && address
    })
    const script = `import socket; s = socket.create_connection(("127.0.0.1", ${port})); print("ready", flush=True)
while s.recv(999): pass`
    const { pid } = await startReady('python3', ['-c', script])
    const peer = await eventually('it is connected', () => peers[0])
    return { pid, peer }
  }
  /** Of a question that is asked now; again, when ss took too long to answer it. */
  const answer = (reader: ReceivedReader, pid: number, at: number) =>
    eventually('it is answered', () => {
      const received = reader.read()
      if (received.kind === 'known' && received.to === at) return received
      reader.ask([{ pid, pid_started: 1 }], at)
      return undefined
    })

  it('is seen as what came between two questions', async () => {
    const { pid, peer } = await client()
    const reader = socketReceived()
    expect(reader.read()).toEqual({ kind: 'unknown' })
    reader.ask([{ pid, pid_started: 1 }], 1)
    await answer(reader, pid, 2)
    expect(await answer(reader, pid, 3)).toMatchObject({ bytes: 0 })
    peer.write('x'.repeat(500))
    let at = 4
    await eventually('it has arrived', async () => {
      at += 1
      return (await answer(reader, pid, at)).bytes === 500
    })
  })
})
