"""Smaller cases like a given one, to look for the smallest that still shows a difference."""
import json
import re


def without(sequence, index):
    return sequence[:index] + sequence[index + 1:]


def smaller_values(value):
    """Entities, contexts and their parts with a part less."""
    if isinstance(value, list):
        if len(value) > 2:
            yield from (value[:len(value) // 2], value[len(value) // 2:])
        for index in range(len(value)):
            yield without(value, index)
        for index, element in enumerate(value):
            for smaller in smaller_values(element):
                yield value[:index] + [smaller] + value[index + 1:]
    elif isinstance(value, dict):
        for key in value:
            if key not in ("type", "id", "uid", "attrs", "parents", "fn", "arg", "__entity", "__extn"):
                yield {name: member for name, member in value.items() if name != key}
        for key, member in value.items():
            for smaller in smaller_values(member):
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


def policy_number(member):
    return int(re.sub(r"\D", "", member[0]) or 0)


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


def smaller_texts(text):
    width = max(1, len(text) // 2)
    while width:
        for start in range(0, len(text), width):
            yield text[:start] + text[start + width:]
        width //= 2


def smaller_cases(case):
    for name in ("text", "schema text"):
        if name in case:
            yield from (dict(case, **{name: text}) for text in smaller_texts(case[name]))
            return
    for index in range(len(case["requests"])):
        if len(case["requests"]) > 1:
            yield dict(case, requests=without(case["requests"], index))
    for policies in smaller_sets(case["policies"]):
        yield dict(case, policies=policies)
    for entities in smaller_values(case["entities"]):
        yield dict(case, entities=entities)
    for index, request in enumerate(case["requests"]):
        for context in smaller_values(request["context"]):
            changed = dict(request, context=context)
            yield dict(case, requests=case["requests"][:index] + [changed] + case["requests"][index + 1:])
    for schema in smaller_texts(case["schema"]):
        yield dict(case, schema=schema)
