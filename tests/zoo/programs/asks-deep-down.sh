#!/usr/bin/env bash
# It is a grandchild that asks, as a package manager below a build does.
here=${BASH_SOURCE[0]%/*}
bash -c "bash '$here/asks.sh'; :"
