"""Asks cedarpy what CedarPeer was asked, and compares the two. Started by Tests/peers/cedar.

With --worker it is the process that holds cedarpy: cases in, answers out, JSON, one a line. Deep or odd input can end that
process, so it is another one for every hundred cases, and the case that ended it is found by asking one by one.
"""
import argparse
import json
import re
import subprocess
import sys

CASES_A_WORKER = 100
SHRINK_ATTEMPTS = 3000


# The worker.

def policy_number(member):
    return int(re.sub(r"\D", "", member[0]) or 0)


def parse(text):
    import cedarpy
    try:
        # Only what makes a policy set counts: some errors show not before that.
        cedarpy.PolicySet.from_str(text)
        return {"accepted": True, "json": json.loads(cedarpy.policies_to_json_str(text))}
    except ValueError as error:
        return {"accepted": False, "reason": str(error)}


def describe(result):
    diagnostics = result._authz_resp["diagnostics"]
    if result._authz_resp["decision"] == "NoDecision":
        return {"decision": "refused"}
    errors = [re.match(r"error while evaluating policy `([^`]*)`", error) for error in diagnostics["errors"]]
    return {
        "decision": result._authz_resp["decision"].lower(),
        "reasons": sorted(diagnostics["reason"]),
        "errors": sorted(match.group(1) if match else "?" for match in errors),
    }


def decisions(case, policies):
    import cedarpy
    try:
        entities = cedarpy.Entities.from_json_str(json.dumps(case["entities"]))
    except ValueError:
        return [{"decision": "refused"}] * len(case["requests"])
    return [decision(request, policies, entities) for request in case["requests"]]


def decision(request, policies, entities):
    import cedarpy
    try:
        request = dict(request, context=json.dumps(request["context"]))
        return describe(cedarpy.is_authorized_batch([request], policies, entities)[0])
    except (ValueError, KeyError, TypeError):  # the binding itself refuses what is no entity
        return {"decision": "refused"}


def invalid(policies, schema):
    """The ids of policies that are not valid in the schema."""
    import cedarpy
    result = cedarpy.validate_policies(policies, schema)
    return sorted({error.policy_id for error in result.errors})


def decide(case, ours):
    import cedarpy
    links = [
        {"template_id": link["templateId"], "new_id": link["newId"], "values": link["values"]}
        for link in case["policies"]["templateLinks"]
    ]
    policies = cedarpy.PolicySet.from_str(ours["text"]).with_linked_batch(links)
    from_json = cedarpy.PolicySet.from_json_str(json.dumps(case["policies"]))
    return {
        "text": json.loads(cedarpy.policies_to_json_str(ours["text"])),
        "formatted": json.loads(cedarpy.policies_to_json_str(ours["formatted"])),
        "invalid": invalid(ours["text"], case["schema"]),
        "decisions": decisions(case, policies),
        "decisions from JSON": decisions(case, from_json),
    }


def work():
    for line in sys.stdin:
        case, ours = json.loads(line)
        try:
            answer = parse(case["text"]) if "text" in case else decide(case, ours)
        except (ValueError, KeyError) as error:
            answer = {"broken": str(error)}
        except BaseException as error:  # a panic of the Rust side
            answer = {"crashed": str(error)[:200]}
        print(json.dumps(answer), flush=True)


# The driver.

def run_lines(command, lines):
    """The answers, one a line: fewer than lines where the process ended early."""
    result = subprocess.run(
        command, input="".join(line + "\n" for line in lines), text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return [json.loads(line) for line in result.stdout.splitlines() if line.strip()]


class Peers:
    def __init__(self, peer):
        self.peer = peer
        self.worker = [sys.executable, __file__, "--worker"]

    def generate(self, seed, count):
        return run_lines([self.peer, "generate", str(seed), str(count)], [])

    def answers(self, cases):
        ours = run_lines([self.peer, "answer"], [json.dumps(case) for case in cases])
        if len(ours) < len(cases):
            raise SystemExit(f"CedarPeer ended at the case {json.dumps(cases[len(ours)])}")
        theirs = []
        while len(theirs) < len(cases):
            pairs = list(zip(cases, ours))[len(theirs):]
            theirs += run_lines(self.worker, [json.dumps(pair) for pair in pairs])
            if len(theirs) < len(cases):
                theirs.append({"crashed": "the process ended"})
        return list(zip(cases, ours, theirs))


def difference(case, ours, theirs):
    """What differs, as a text; None where nothing does."""
    if "crashed" in theirs:
        return None
    if "broken" in ours or "broken" in theirs:
        return f"ours {ours.get('broken', 'answers')}, theirs {theirs.get('broken', 'answers')}"
    if "text" in case:
        if ours["accepted"] != theirs["accepted"]:
            return f"ours {ours.get('reason', 'accepted')}, theirs {theirs.get('reason', 'accepted')}"
        return None if ours.get("json") == theirs.get("json") else f"JSON: ours {ours['json']}, theirs {theirs['json']}"
    for name in ("text", "formatted"):
        if theirs[name] != ours["json"]:
            return f"JSON of the {name}: ours {json.dumps(ours['json'])}, theirs {json.dumps(theirs[name])}"
    if ours["invalid"] != theirs["invalid"]:
        return f"validation: ours {ours['invalid']}, theirs {theirs['invalid']}"
    for name in ("decisions", "decisions from JSON"):
        for number, (our, their) in enumerate(zip(ours["decisions"], theirs[name])):
            if our != their:
                return f"{name}, request {number}: ours {json.dumps(our)}, theirs {json.dumps(their)}"
    return None


# Smaller cases.

def without(sequence, index):
    return sequence[:index] + sequence[index + 1:]


def smaller_json(value, is_expression=False):
    """Values like this one with a part less."""
    if isinstance(value, list):
        for index in range(len(value)):
            yield without(value, index)
        for index, element in enumerate(value):
            for smaller in smaller_json(element):
                yield value[:index] + [smaller] + value[index + 1:]
    elif isinstance(value, dict):
        for key in value:
            if key not in ("type", "id", "uid", "attrs", "parents", "fn", "arg", "__entity", "__extn"):
                yield {name: member for name, member in value.items() if name != key}
        for key, member in value.items():
            for smaller in smaller_json(member):
                yield dict(value, **{key: smaller})


def operands(expression):
    (name, body), = expression.items()
    if name in ("Value", "Var"):
        return []
    parts = body if isinstance(body, list) else list(body.values()) if isinstance(body, dict) else []
    return [part for part in parts if isinstance(part, dict)]


def smaller_expressions(expression):
    (name, body), = expression.items()
    if name in ("Value", "Var"):
        return
    yield {"Value": True}
    yield from operands(expression)
    if isinstance(body, list):
        for index, element in enumerate(body):
            for smaller in smaller_expressions(element):
                yield {name: body[:index] + [smaller] + body[index + 1:]}
    elif isinstance(body, dict):
        for key, member in body.items():
            if name == "Record":
                yield {name: {other: value for other, value in body.items() if other != key}}
            if isinstance(member, dict):
                for smaller in smaller_expressions(member):
                    yield {name: dict(body, **{key: smaller})}


def smaller_policies(policy):
    for place in ("principal", "action", "resource"):
        if policy[place]["op"] != "All" and "slot" not in json.dumps(policy[place]):
            yield dict(policy, **{place: {"op": "All"}})
    if "annotations" in policy:
        yield {name: member for name, member in policy.items() if name != "annotations"}
    for index, condition in enumerate(policy["conditions"]):
        yield dict(policy, conditions=without(policy["conditions"], index))
        for body in smaller_expressions(condition["body"]):
            changed = dict(condition, body=body)
            yield dict(policy, conditions=policy["conditions"][:index] + [changed] + policy["conditions"][index + 1:])


def renumbered(policies):
    """Texts name policies by their order, so gaps in it are closed."""
    members = sorted([*policies["templates"].items(), *policies["staticPolicies"].items()], key=policy_number)
    names = {name: f"policy{index}" for index, (name, _) in enumerate(members)}
    return {
        "templates": {names[name]: policy for name, policy in policies["templates"].items()},
        "staticPolicies": {names[name]: policy for name, policy in policies["staticPolicies"].items()},
        "templateLinks": [dict(link, templateId=names[link["templateId"]]) for link in policies["templateLinks"]],
    }


def smaller_sets(policies):
    for kind in ("templates", "staticPolicies"):
        for name, policy in policies[kind].items():
            rest = {other: member for other, member in policies[kind].items() if other != name}
            links = [link for link in policies["templateLinks"] if link["templateId"] != name]
            yield renumbered(dict(policies, **{kind: rest}, templateLinks=links))
            for smaller in smaller_policies(policy):
                yield dict(policies, **{kind: dict(policies[kind], **{name: smaller})})
    for index in range(len(policies["templateLinks"])):
        yield dict(policies, templateLinks=without(policies["templateLinks"], index))


def smaller_cases(case):
    if "text" in case:
        text = case["text"]
        width = max(1, len(text) // 2)
        while width:
            for start in range(0, len(text), width):
                yield dict(case, text=text[:start] + text[start + width:])
            width //= 2
        return
    for index in range(len(case["requests"])):
        if len(case["requests"]) > 1:
            yield dict(case, requests=without(case["requests"], index))
    for policies in smaller_sets(case["policies"]):
        yield dict(case, policies=policies)
    for entities in smaller_json(case["entities"]):
        yield dict(case, entities=entities)
    for index, request in enumerate(case["requests"]):
        for context in smaller_json(request["context"]):
            changed = dict(request, context=context)
            yield dict(case, requests=case["requests"][:index] + [changed] + case["requests"][index + 1:])


def kind_of(difference):
    return re.sub(r"\d+", "", (difference or "").split(":")[0])[:20]


def shrink(peers, case, found):
    """A smaller case with a difference of the same kind."""
    attempts = 0
    while attempts < SHRINK_ATTEMPTS:
        candidates = []
        for candidate in smaller_cases(case):
            candidates.append(candidate)
            if len(candidates) == CASES_A_WORKER * 5:
                break
        attempts += len(candidates)
        for start in range(0, len(candidates), CASES_A_WORKER):
            batch = peers.answers(candidates[start:start + CASES_A_WORKER])
            differing = [(one, difference(one, our, their)) for one, our, their in batch]
            smaller = next(((one, text) for one, text in differing if text and kind_of(text) == kind_of(found)), None)
            if smaller:
                case, found = smaller
                break
        else:
            return case, found
    return case, found


def compare(peers, seed, count, most):
    tally = {"decided": 0, "allowed": 0, "with errors": 0, "refused": 0, "valid sets": 0, "texts accepted": 0, "texts refused": 0}
    crashed = differing = compared = 0
    while compared < count:
        cases = peers.generate(seed + compared, min(CASES_A_WORKER, count - compared))
        for case, ours, theirs in peers.answers(cases):
            crashed += "crashed" in theirs
            found = difference(case, ours, theirs)
            if found:
                differing += 1
                case, found = shrink(peers, case, found)
                print(f"DIFFERENT {found}\n  {json.dumps(case, ensure_ascii=False)}", flush=True)
                if differing == most:
                    return differing, tally, crashed
            if "text" in case:
                tally["texts accepted" if ours.get("accepted") else "texts refused"] += 1
            tally["valid sets"] += ours.get("invalid") == []
            for decision in ours.get("decisions", []):
                tally["refused" if decision["decision"] == "refused" else "decided"] += 1
                tally["allowed"] += decision["decision"] == "allow"
                tally["with errors"] += bool(decision.get("errors"))
        compared += len(cases)
        if compared % 1000 == 0:
            print(f"{compared} cases, {differing} different", file=sys.stderr, flush=True)
    return differing, tally, crashed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", action="store_true")
    parser.add_argument("--peer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--most", type=int, default=5)
    options = parser.parse_args()
    if options.worker:
        return work()
    differing, tally, crashed = compare(Peers(options.peer), options.seed, options.count, options.most)
    print(", ".join(f"{count} {name}" for name, count in tally.items()) + f"; the reference crashed on {crashed}")
    print(f"{differing} different")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
