# Sourced by the programs of the zoo. ZOO_MARK and ZOO_SCRATCH come from the harness.
# shellcheck shell=bash

WORDS=(anchor basil cedar delta ember fjord garnet harbor indigo jasper kelp lagoon maple nectar opal pepper quartz
  raven saffron tundra umber violet willow yarrow)
names_given=0

# The hang begins now. An empty file: no byte is written.
mark() { : >"$ZOO_MARK"; }

# In REPLY; never the same twice in the life of a scenario, and it has no digits.
next_name() {
  local count=${#WORDS[@]}
  REPLY=${WORDS[names_given % count]}_${WORDS[names_given / count % count]}
  names_given=$((names_given + 1))
}

# As a real job: it works for a moment before it hangs.
warm_up() {
  local round
  for round in prepare fetch unpack; do
    next_name
    printf '%s %s\n' "$round" "$REPLY"
    sleep 0.3
  done
}

# Processor time and nothing else, for about 0.05 s.
burn() {
  local i
  for ((i = 0; i < 15000; i++)); do :; done
}
