"""The process that holds cedarpy: on standard input a case and our answer to it, on standard output what cedarpy makes of both,
JSON, one a line. Started by compare.py."""
import json
import re
import sys

import cedarpy

REFUSED = {"decision": "refused"}


def policies(text):
    try:
        # Only what makes a policy set counts: some errors show not before that.
        cedarpy.PolicySet.from_str(text)
        return {"accepted": True, "json": json.loads(cedarpy.policies_to_json_str(text))}
    except ValueError as error:
        return {"accepted": False, "reason": str(error)}


def schema(text, ours):
    try:
        cedarpy.Schema.from_str(text)
    except ValueError as error:
        return {"accepted": False, "reason": str(error)}
    if not ours["accepted"]:
        return {"accepted": True}
    written = ours["written"]
    from_text = cedarpy.Schema.from_str(written["text"])
    from_json = cedarpy.Schema.from_json_str(json.dumps(written["json"]))
    # Of types of the language, the reference says so or not; an annotation without a text is an empty one when it is read from text.
    forms = [str(form).replace("__cedar::", "").replace('("")', "") for form in (from_text, from_json)]
    return {"accepted": True, "written text": forms[0], "written JSON": forms[1]}


def describe(result):
    diagnostics = result._authz_resp["diagnostics"]
    if result._authz_resp["decision"] == "NoDecision":
        return REFUSED
    errors = [re.match(r"error while evaluating policy `([^`]*)`", error) for error in diagnostics["errors"]]
    return {
        "decision": result._authz_resp["decision"].lower(),
        "reasons": sorted(diagnostics["reason"]),
        "errors": sorted(match.group(1) if match else "?" for match in errors),
    }


def load(entities, schema=None):
    """None where they are refused."""
    try:
        return cedarpy.Entities.from_json_str(entities, schema)
    except ValueError:
        return None


def decisions(requests, policy_set, entities, schema=None):
    if entities is None:
        return [REFUSED] * len(requests)
    return [decision(request, policy_set, entities, schema) for request in requests]


def decision(request, policy_set, entities, schema):
    try:
        return describe(cedarpy.is_authorized(request, policy_set, entities, schema))
    except (ValueError, KeyError, TypeError):  # the binding itself refuses what is no entity
        return REFUSED


def invalid(text, schema):
    """The ids of policies that are not valid in the schema."""
    return sorted({error.policy_id for error in cedarpy.validate_policies(text, schema).errors})


def decide(case, ours):
    links = [
        {"template_id": link["templateId"], "new_id": link["newId"], "values": link["values"]}
        for link in case["policies"]["templateLinks"]
    ]
    linked = cedarpy.PolicySet.from_str(ours["text"]).with_linked_batch(links)
    sets = {
        "decisions": linked,
        "decisions from JSON": cedarpy.PolicySet.from_json_str(json.dumps(case["policies"])),
        "decisions from the JSON that we write": cedarpy.PolicySet.from_json_str(json.dumps(ours["written"])),
    }
    schema = cedarpy.Schema.from_str(case["schema"])
    written = cedarpy.Schema.from_json_str(json.dumps(ours["schema"]["json"]))
    requests = [dict(request, context=json.dumps(request["context"])) for request in case["requests"]]
    text = json.dumps(case["entities"])
    entities = load(text)
    return {
        "text": json.loads(cedarpy.policies_to_json_str(ours["text"])),
        "formatted": json.loads(cedarpy.policies_to_json_str(ours["formatted"])),
        "invalid": invalid(ours["text"], schema),
        "invalid in the schema that we write": invalid(ours["text"], written),
        **{name: decisions(requests, policies, entities) for name, policies in sets.items()},
        "conforming": decisions(requests, linked, load(text, schema), schema),
    }


def answer(case, ours):
    try:
        if "text" in case:
            return policies(case["text"])
        if "schema text" in case:
            return schema(case["schema text"], ours)
        return {"broken": "we have no answer"} if "broken" in ours else decide(case, ours)
    except (ValueError, KeyError) as error:
        return {"broken": str(error)}
    except BaseException as error:  # a panic of the Rust side
        return {"crashed": str(error)[:200]}


for line in sys.stdin:
    print(json.dumps(answer(*json.loads(line))), flush=True)
