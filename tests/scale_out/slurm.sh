#!/usr/bin/env bash
# A SLURM of one node on this machine, for tests. Needs root, and Debian's slurm-wlm and munge:
#     apt-get install --no-install-recommends slurm-wlm munge
#
#     tests/scale_out/slurm.sh start DIR    # then: export SLURM_CONF=DIR/slurm.conf
#     tests/scale_out/slurm.sh stop DIR
#
# All of its state is in DIR; no service of the system is started or changed.
set -euo pipefail

usage() { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }

write_configuration() {
    local host memory
    host=$(hostname -s)
    memory=$(awk '/MemTotal/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)
    cat >"$1/slurm.conf" <<CONF
ClusterName=nasbench
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$1/munge.socket
CredType=cred/munge
StateSaveLocation=$1/state
SlurmdSpoolDir=$1/spool
SlurmctldPidFile=$1/slurmctld.pid
SlurmdPidFile=$1/slurmd.pid
SlurmctldLogFile=$1/slurmctld.log
SlurmdLogFile=$1/slurmd.log
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=local Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    echo "ConstrainCores=no" >"$1/cgroup.conf"
}

start() {
    mkdir -p "$1/state" "$1/spool"
    chmod 0755 "$1"
    write_configuration "$1"
    mungekey --create --force --keyfile="$1/munge.key"
    munged --force --key-file="$1/munge.key" --socket="$1/munge.socket" --pid-file="$1/munge.pid" \
        --log-file="$1/munge.log" --seed-file="$1/munge.seed"
    export SLURM_CONF=$1/slurm.conf
    slurmctld
    slurmd
    for _ in $(seq 60); do
        sinfo --noheader --format=%t 2>/dev/null | grep -q idle && { sinfo; return; }
        sleep 1
    done
    echo "the node did not come up: see $1/slurmctld.log and $1/slurmd.log" >&2
    exit 1
}

stop() {
    local name
    for name in slurmd slurmctld munge; do
        [[ -f $1/$name.pid ]] && kill "$(cat "$1/$name.pid")" 2>/dev/null || true
    done
}

[[ $# -eq 2 ]] || usage
folder=$(realpath --canonicalize-missing "$2")
case $1 in
    start) start "$folder" ;;
    stop) stop "$folder" ;;
    *) usage ;;
esac
