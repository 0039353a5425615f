"""Writes golden.json: what Python's Jinja2, set up as Hugging Face transformers does it, makes of the templates and expressions here.

    python3 golden.py        (needs the package jinja2; written with 3.1.6)
"""
import datetime
import glob
import json
import os

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols

HERE = os.path.dirname(os.path.abspath(__file__))
NOW = datetime.datetime(2026, 3, 7, 9, 5, 3)


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = lambda format: NOW.strftime(format)


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8", newline="") as file:
        return file.read()


def variables(inputs):
    inputs = json.loads(json.dumps(inputs))
    for message in inputs["messages"]:
        for call in message.get("tool_calls") or []:
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    arguments = inputs.pop("arguments", {})
    return {"tools": None, "documents": None, "bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True, **inputs, **arguments}


def render(source, inputs):
    try:
        return {"output": environment.from_string(source).render(**variables(inputs))}
    except Exception as error:
        return {"error": type(error).__name__}


def main():
    conversations = json.loads(read("conversations.json"))
    cases = []
    for path in sorted(glob.glob(os.path.join(HERE, "*.jinja"))):
        name = os.path.basename(path)
        for conversation, inputs in conversations.items():
            cases.append({"template": name, "conversation": conversation, **render(read(name), inputs)})
    expressions = []
    for line in read("expressions.txt").splitlines():
        expressions.append({"expression": line, **render("{{ " + line + " }}", conversations["expressions"])})
    with open(os.path.join(HERE, "golden.json"), "w", encoding="utf-8") as file:
        json.dump({"now": NOW.isoformat() + "Z", "cases": cases, "expressions": expressions}, file, ensure_ascii=True, indent=1)
        file.write("\n")


main()
