"""Times, told one JSON object a line; src/measure.rs has the same in Rust."""

import importlib.metadata
import json
import statistics
import time

SLICE_NS = 20e6
TURNS = 5


class Contest:
    """Those that are measured against each other."""

    def __init__(self, bench):
        self.bench = bench
        self.contestants = []

    def add(self, row, name, work, **facts):
        """Adds what `work` does once. `facts` are told along: `output`, which is the same for
        all of a row that tell it, and `note`."""
        version = importlib.metadata.version(name)
        told = {"bench": self.bench, "row": row, "name": name, "version": version} | facts
        self.contestants.append(Contestant(told, work))

    def run(self):
        """Measures all, and tells."""
        for contestant in self.contestants:
            contestant.warm_up()
        for _ in range(TURNS):
            for contestant in self.contestants:
                contestant.take_turn()
        for contestant in self.contestants:
            ns = statistics.median(contestant.times)
            print(json.dumps(contestant.told | {"ns": ns}), flush=True)


class Contestant:
    """One of them."""

    def __init__(self, told, work):
        self.told = told
        self.work = work
        self.repeat = 1
        self.times = []

    def warm_up(self):
        """Finds out how often it can do its work in a slice."""
        while (taken := self.taken()) < SLICE_NS / 2:
            self.repeat *= 2
        self.repeat = max(1, int(SLICE_NS * self.repeat / taken))

    def take_turn(self):
        """Runs for a slice."""
        self.times.append(self.taken() / self.repeat)

    def taken(self):
        """How long all repetitions take, in nanoseconds."""
        work = self.work
        started = time.perf_counter_ns()
        for _ in range(self.repeat):
            work()
        return time.perf_counter_ns() - started
