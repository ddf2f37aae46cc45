"""Asks cedarpy what CedarPeer was asked, and compares the two. Started by Tests/peers/cedar, which says what is printed.

Deep or odd input can end the process that holds cedarpy (worker.py), so it is another one for every hundred cases, and the case
that ended it is found by going on after it.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

from smaller import smaller_cases

CASES_A_BATCH = 100
SHRINK_ATTEMPTS = 3000
SECONDS_A_BATCH = 1800

# Differences that are the reference's or its binding's fault: a name, the cause, and a test of case, our answer and theirs.
LISTED = [
    (
        "the reference gives no answer",
        "its parser recurses without a bound, so that deep nesting ends the process, or it panics",
        lambda case, ours, theirs: "crashed" in theirs,
    ),
]


class CannotRun(Exception):
    pass


def run_lines(command, lines):
    """The answers, one a line: fewer than lines where the process ended early."""
    try:
        result = subprocess.run(
            command,
            input="".join(line + "\n" for line in lines),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS_A_BATCH,
        )
    except subprocess.TimeoutExpired:
        raise CannotRun(f"{command[0]} took more than {SECONDS_A_BATCH} seconds for {len(lines)} cases")
    return [json.loads(line) for line in result.stdout.splitlines() if line.strip()]


def answers(command, questions):
    """One for each question; that it crashed where that ended the process."""
    found = []
    while len(found) < len(questions):
        found += run_lines(command, [json.dumps(question) for question in questions[len(found):]])
        if len(found) < len(questions):
            found.append({"crashed": "the process ended"})
    return found


class Peers:
    def __init__(self, peer):
        self.peer = peer
        self.worker = [sys.executable, os.path.join(os.path.dirname(__file__), "worker.py")]

    def generate(self, seed, count):
        cases = run_lines([self.peer, "generate", str(seed), str(count)], [])
        if len(cases) != count:
            raise CannotRun(f"{self.peer} made {len(cases)} cases of {count} from seed {seed}")
        return cases

    def answers(self, cases):
        """Each case with our answer and theirs."""
        ours = answers([self.peer, "answer"], cases)
        return list(zip(cases, ours, answers(self.worker, list(zip(cases, ours)))))

    def generated(self, seed, count):
        return self.answers(self.generate(seed, count))


def difference(case, ours, theirs):
    """What differs, as a text; None where nothing does."""
    for fault in ("crashed", "broken"):
        if fault in ours or fault in theirs:
            return f"{fault}: ours {ours.get(fault, 'answers')}, theirs {theirs.get(fault, 'answers')}"
    if "text" in case or "schema text" in case:
        return text_difference(ours, theirs)
    for name in ("text", "formatted"):
        if theirs[name] != ours["json"]:
            return f"JSON of the {name}: ours {json.dumps(ours['json'])}, theirs {json.dumps(theirs[name])}"
    for name in ("invalid", "invalid in the schema that we write"):
        if ours["invalid"] != theirs[name]:
            return f"{name}: ours {ours['invalid']}, theirs {theirs[name]}"
    for name in theirs:
        if name == "conforming" or name.startswith("decisions"):
            for number, (our, their) in enumerate(zip(ours["conforming" if name == "conforming" else "decisions"], theirs[name])):
                if our != their:
                    return f"{name}, request {number}: ours {json.dumps(our)}, theirs {json.dumps(their)}"
    return None


def text_difference(ours, theirs):
    if ours["accepted"] != theirs["accepted"]:
        return f"text: ours {ours.get('reason', 'accepted')}, theirs {theirs.get('reason', 'accepted')}"
    if ours.get("json") != theirs.get("json"):
        return f"JSON: ours {ours['json']}, theirs {theirs['json']}"
    if theirs.get("written text") != theirs.get("written JSON"):
        return f"the schema that we write: as text {theirs['written text']}, as JSON {theirs['written JSON']}"
    return None


def kind_of(found):
    return re.sub(r"\d+", "", (found or "").split(":")[0])[:20]


def shrink(peers, case, found):
    """A smaller case with a difference of the same kind."""
    attempts = 0
    while attempts < SHRINK_ATTEMPTS:
        candidates = []
        for candidate in smaller_cases(case):
            candidates.append(candidate)
            if len(candidates) == CASES_A_BATCH * 5:
                break
        attempts += len(candidates)
        for start in range(0, len(candidates), CASES_A_BATCH):
            batch = peers.answers(candidates[start:start + CASES_A_BATCH])
            differing = [(one, difference(one, our, their)) for one, our, their in batch]
            smaller = next(((one, text) for one, text in differing if text and kind_of(text) == kind_of(found)), None)
            if smaller:
                case, found = smaller
                break
        else:
            return case, found
    return case, found


class Summary:
    """What was compared, and what came of it."""

    def __init__(self, options):
        self.options = options
        self.start = time.monotonic()
        self.cases = self.differing = 0
        self.kinds = collections.Counter()
        self.listed = collections.Counter()

    def add(self, case, ours):
        self.cases += 1
        if "text" in case or "schema text" in case:
            kind = "texts of policies" if "text" in case else "texts of schemas"
            self.kinds[f"{kind} {'accepted' if ours.get('accepted') else 'refused'}"] += 1
            return
        self.kinds["sets of policies"] += 1
        self.kinds["sets valid in their schema"] += ours.get("invalid") == []
        self.kinds["links of templates"] += len(case["policies"]["templateLinks"])
        self.kinds["requests"] += len(case["requests"])
        for decision in ours.get("decisions", []):
            self.kinds[f"decisions {decision['decision']}"] += 1
            self.kinds["decisions with errors"] += bool(decision.get("errors"))
        for decision in ours.get("conforming", []):
            self.kinds["requests and entities that conform to the schema"] += decision["decision"] != "refused"

    def progress(self):
        rate = self.cases / (time.monotonic() - self.start) * 60
        print(f"{self.cases} of {self.options.cases} cases, {rate:.0f} a minute, {self.differing} different", file=sys.stderr, flush=True)

    def print(self):
        seconds = time.monotonic() - self.start
        last = self.options.seed + self.cases - 1
        print(f"{self.cases} cases (seeds {self.options.seed} to {last}) in {seconds:.0f} s")
        for kind, count in sorted(self.kinds.items()):
            print(f"  {count:9} {kind}")
        print("listed differences:" if self.listed else "listed differences: none")
        for name, cause, _ in LISTED:
            if self.listed[name]:
                print(f"  {self.listed[name]:9} {name}: {cause}")
        print(f"{self.differing} different", flush=True)


def judge(peers, case, ours, theirs, summary):
    found = difference(case, ours, theirs)
    if not found:
        return
    listed = next((name for name, _, applies in LISTED if applies(case, ours, theirs)), None)
    if listed:
        summary.listed[listed] += 1
        return
    summary.differing += 1
    smaller, shown = shrink(peers, case, found)
    print(f"DIFFERENT at seed {case['seed']}: {shown}\n  {json.dumps(smaller, ensure_ascii=False)}", flush=True)


def batches(peers, options):
    """Answers in the order of the seeds; a few batches ahead are under way."""
    starts = iter(range(0, options.cases, CASES_A_BATCH))
    pool = concurrent.futures.ThreadPoolExecutor(options.jobs)

    def submit():
        start = next(starts, None)
        if start is None:
            return []
        return [pool.submit(peers.generated, options.seed + start, min(CASES_A_BATCH, options.cases - start))]

    try:
        pending = [future for _ in range(options.jobs + 1) for future in submit()]
        while pending:
            batch = pending.pop(0).result()
            pending += submit()
            yield batch
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def compare(peers, options, summary):
    for batch in batches(peers, options):
        for case, ours, theirs in batch:
            judge(peers, case, ours, theirs, summary)
            summary.add(case, ours)
            if summary.differing == options.most:
                return
        if summary.cases % 1000 == 0:
            summary.progress()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--most", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    summary = Summary(options)
    try:
        compare(Peers(options.peer), options, summary)
    except KeyboardInterrupt:
        summary.print()
        return 130
    except (CannotRun, OSError) as error:
        print(f"cedar: {error}", file=sys.stderr)
        return 2
    summary.print()
    return 1 if summary.differing else 0


if __name__ == "__main__":
    sys.exit(main())
