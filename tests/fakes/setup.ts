/** Nothing of the person's own session, nor of a run that these tests are started in, reaches a test. */
for (const name of Object.keys(process.env)) {
  if (/^(LOCK_|TMUX|XDG_STATE_HOME$|NODE_EXTRA_CA_CERTS$|NO_COLOR$|FORCE_COLOR$|GIT_)/.test(name))
    delete process.env[name]
}
