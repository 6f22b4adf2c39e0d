#!/usr/bin/env bash
# One sweep serially, by joblib, by a SLURM of this machine alone and by a local Ray: equal rows, and how long each takes.
#     tests/scale_out/run.sh [PYTHON]
#
# Needs what slurm.sh needs, and in PYTHON's environment: pip install 'nasbench[dev,slurm,ray]'. What is not there is
# skipped, and said so.
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
python=${1:-python}
scratch=$(mktemp -d)

finish() {
    tests/scale_out/slurm.sh stop "$scratch"
    rm -rf "$scratch"
}
trap finish EXIT

if command -v slurmctld munged >/dev/null && [[ $(id -u) -eq 0 ]]; then
    tests/scale_out/slurm.sh start "$scratch"
    export SLURM_CONF=$scratch/slurm.conf
fi
export RAY_raylet_start_wait_time_s=240 RAY_AUTH_MODE=disabled # a local Ray starts and ends with its sweep
"$python" -m pytest -q -s tests/scale_out
