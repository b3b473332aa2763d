"""A Slurm of one node that is this machine: munged, slurmctld and slurmd in a folder of their own.

    with SlurmNode() as node:
        subprocess.run(["srun", "-n", "2", "hostname"], env=node.environment)
"""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "sbatch", "scontrol")


def why_not():
    """Why none can be started here; "" where one can."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path=search_path())]
    if missing:
        return f"no {', '.join(missing)}"
    return "" if os.geteuid() == 0 else "not root"


def search_path():
    return os.environ["PATH"] + ":/usr/sbin:/sbin"


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class SlurmNode:
    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="stoker-slurm-node-")
        self.folder = pathlib.Path(self.temporary.name)
        self.environment = {**os.environ, "PATH": search_path(),
                            "SLURM_CONF": str(self.folder / "slurm.conf")}
        # What a job of an outer Slurm has set belongs to that one.
        for name in list(self.environment):
            if name.startswith("SLURM_") and name != "SLURM_CONF":
                del self.environment[name]

    def __enter__(self):
        folder = self.folder
        for name in ("state", "spool"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        host = socket.gethostname().split(".")[0]
        control, daemon = free_ports(2)
        (folder / "slurm.conf").write_text(f"""\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort={control}
SlurmdPort={daemon}
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
""")
        self.start("munged", "--force", "--key-file", key, "--socket", folder / "munge.socket",
                   "--pid-file", folder / "munged.pid", "--log-file", folder / "munged.log",
                   "--seed-file", folder / "munge.seed")
        self.start("slurmctld")
        self.start("slurmd")
        for _ in range(100):
            if "idle" in self.run("sinfo", "--noheader", check=False).stdout:
                return self
            time.sleep(0.2)
        logs = "".join(path.read_text() for path in folder.glob("slurm*.log"))
        self.__exit__()
        raise RuntimeError(f"the node does not come up:\n{logs}")

    def __exit__(self, *_):
        for name in ("slurmd", "slurmctld", "munged"):
            try:
                os.kill(int((self.folder / f"{name}.pid").read_text()), 15)
            except (FileNotFoundError, ProcessLookupError, ValueError):
                continue
        time.sleep(1)
        self.temporary.cleanup()

    def start(self, *command):
        with (self.folder / "start.log").open("a") as log:
            subprocess.run([str(word) for word in command], env=self.environment, check=True,
                           timeout=30, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def run(self, *command, check=True, **options):
        return subprocess.run([str(word) for word in command], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=200,
                              check=check, **options)
