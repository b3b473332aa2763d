"""Asks an independent validator (Python's jsonschema) what it thinks of the schema.

    schema_test.py TEST_BINARY

Every example text must be valid by the schema exactly when the reader takes it. Exits with 77
(skipped) where jsonschema is not installed.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile


def main() -> int:
    try:
        import jsonschema
    except ImportError:
        print("skipped: this Python has no jsonschema")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"STOKER_SCHEMA_FOLDER": folder}
        subprocess.run([sys.argv[1], "the schema and its examples *"], check=True, env=environment)
        schema = json.loads(pathlib.Path(folder, "schema.json").read_text())
        cases = json.loads(pathlib.Path(folder, "cases.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    failures = 0
    for case in cases:
        errors = [error.message for error in validator.iter_errors(case["value"])]
        if bool(errors) != bool(case["error"]):
            failures += 1
            print(f"{case['text']!r}: schema says {errors}, the reader {case['error']!r}")
    extended = {"extends": ["a.yaml", "b.yaml"], "seed": 1}
    if not validator.is_valid(extended) or validator.is_valid({"extends": 3}):
        failures += 1
        print("extends is not taken as it should be")
    # Texts with one mistyped key, which some error must name.
    for key, value in (("nmae", {"nmae": "a"}), ("batch_sise", {"train": {"batch_sise": 1}}),
                       ("momentmu", {"optimizer": {"momentmu": 1}}),
                       ("momentmu", {"optimizer": {"name": "sgd", "momentmu": 1}}),
                       ("mach", {"optimizer": {"name": "sgd", "groups": [{"match": "a", "mach": 1}]}}),
                       ("flop", {"augment": [{"flop": {}}]}),
                       ("moed", {"augment": [{"pad_crop": {"moed": "reflect"}}]})):
        errors = [error.message for error in validator.iter_errors(value)]
        if not errors or not all(f"'{key}'" in message for message in errors):
            failures += 1
            print(f"{value}: the schema says {errors}, expected words on {key!r} alone")
    print(f"{len(cases)} cases, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
