"""The machine: its system, the cores and the memory for this process, and other limits."""

import os
import platform
import resource
from collections.abc import Iterator
from contextlib import suppress
from math import inf
from pathlib import Path

from kerash_cli.doctor.findings import Fact, Found, Patient, Remark
from kerash_cli.system import cgroups, cores, memory
from kerash_cli.system.memory import readable

CONTAINERS = {"podman": Path("/run/.containerenv"), "docker": Path("/.dockerenv")}
"""Files that the makers of containers put into them."""

ROOM = 500_000_000
"""Memory, in bytes, below which a run is cramped: Python and NumPy take a tenth of it in each process."""
FILES = 256
"""Number of open files below which a run is cramped: each worker takes four."""
PROCESSES = 32
"""Number of further processes below which a run is cramped."""

_LIMITS = {
    "address space": (resource.RLIMIT_AS, "-v"),
    "data": (resource.RLIMIT_DATA, "-d"),
    "file size": (resource.RLIMIT_FSIZE, "-f"),
    "seconds of a core": (resource.RLIMIT_CPU, "-t"),
}
"""Limits of a process that are told if there are any, each with its letter for the shell's `ulimit`."""


def container() -> str:
    """Returns the name of the program that made the container that this process runs in; empty if none is known."""
    return next((name for name, mark in CONTAINERS.items() if mark.exists()), "")


def system(patient: Patient) -> Iterator[Found]:
    """Tells the operating system, and whether this is a container."""
    name = f"{platform.system()} {platform.release()}"
    with suppress(OSError):
        name += f", {platform.freedesktop_os_release()['PRETTY_NAME']}"
    within = f", in a container of {container()}" if container() else ""
    yield Fact("system", name + within, {"name": name, "container": container()})
    if not Path("/proc/self").exists():
        yield Remark("/proc is not mounted, so free memory is guessed; as root, try mount -t proc proc /proc")


def processor(patient: Patient) -> Iterator[Found]:
    """Tells the name of the processor, where the system knows it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "cpu model", "Hardware"):
                yield Fact("processor", " ".join(value.split()))
                return


def usable_cores(patient: Patient) -> Iterator[Found]:
    """Tells how many cores this process may use, and what keeps it from more."""
    usable, bound, whole, quota = cores.usable(), cores.bound(), os.cpu_count() or 1, cores.quota()
    limits = [f"bound to {bound} of {whole}"] if bound < whole else []
    limits += [f"a quota of {quota:g}"] if quota < inf else []
    values = {"usable": usable, "bound": bound, "machine": whole, "quota": None if quota == inf else quota}
    within = f" ({', '.join(limits)})" if limits else ""
    yield Fact("cores", f"{usable}{within}", values)
    if quota < 1:
        yield Remark(
            f"the control group allows {quota:g} of a core, so everything takes {1 / quota:.2g} times as long; "
            "only whoever started this container or job can raise it (docker run --cpus)"
        )


def available_memory(patient: Patient) -> Iterator[Found]:
    """Tells the memory that this process may still take, and the limits of its control groups."""
    free, whole, limit = memory.available(), memory.physical(), memory.group_limit()
    within = f"; limit {readable(limit)}" if limit is not None else ""
    values = {"available": free, "machine": whole, "limit": limit}
    yield Fact("memory", f"{readable(free)} available of {readable(whole)}{within}", values)
    if free < ROOM:
        yield Remark(
            f"only {readable(free)} of memory are available: large tables need kerash train --stream, "
            "which keeps their rows on a disk"
        )


def limits(patient: Patient) -> Iterator[Found]:
    """Tells the limits on open files, processes and others; cramped ones are remarks."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield Fact("open files", _count(files), files if files != resource.RLIM_INFINITY else None)
    if files != resource.RLIM_INFINITY and files < FILES:
        may_rise = most == resource.RLIM_INFINITY or most >= 4 * FILES
        advice = "try ulimit -n 1024" if may_rise else f"ulimit -Hn allows no more than {most}"
        yield Remark(f"only {files} files may be open at once, too few for many workers; {advice}")
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    group, left = processes_in_group()
    told = _count(soft) + (f"; {group} in the control group" if group is not None else "")
    yield Fact("processes", told, {"user": None if soft == resource.RLIM_INFINITY else soft, "group": group})
    if left is not None and left < PROCESSES:
        yield Remark(
            f"the control group has room for {left} more processes; only whoever started this container or job "
            "can raise it (docker run --pids-limit)"
        )
    for name, (number, letter) in _LIMITS.items():
        soft, _ = resource.getrlimit(number)
        if soft != resource.RLIM_INFINITY:
            size = f"{soft}" if number == resource.RLIMIT_CPU else readable(soft)
            yield Fact(name, f"{size} (ulimit {letter})", soft)


def processes_in_group() -> tuple[int | None, int | None]:
    """Returns the lowest limit of the control groups on processes, and how many more may start; None without one."""
    found = [
        (limit, limit - used)
        for _, folder in cgroups.folders("pids")
        if (limit := cgroups.number(f"{folder}/pids.max")) is not None
        and (used := cgroups.number(f"{folder}/pids.current")) is not None
    ]
    return min(found, default=(None, None), key=lambda each: each[1])


def _count(limit: int) -> str:
    return "unlimited" if limit == resource.RLIM_INFINITY else str(limit)
