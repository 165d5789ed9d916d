"""Answers events with the handler, and a table that never changes.

One event in a line of the input, its answer in a line of the output.
"""

import decimal
import json
import logging
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
for name in [name for name in os.environ if name.startswith("AWS_")]:  # a profile, say
    del os.environ[name]
os.environ.update(AWS_LAMBDA_FUNCTION_NAME="TodoHandler", AWS_REGION="eu-central-1", AWS_DEFAULT_REGION="eu-central-1")

import lambda_function
from boto3.dynamodb.types import Binary, TypeSerializer
from botocore.exceptions import ClientError

ITEMS = {
    "a": {"id": "a", "task": "Buy groceries", "completed": False, "n": decimal.Decimal("1.50"), "list": "todo"},
    "b": {"id": "b", "b": Binary(b"\x00\xff"), "s": {decimal.Decimal("10"), decimal.Decimal("-9.5")}},
    "ü/%": {"id": "ü/%", "m": {"é": None, "Z": [True, "\x01"]}},
}


def wire(value):
    """Raises what boto3 raises of a value that it cannot send."""
    json.dumps(TypeSerializer().serialize(value), default=str, ensure_ascii=False).encode()


def refused(code):
    return ClientError({"Error": {"Code": code, "Message": "made by a test"}}, "Stub")


def stored(key):
    wire(key)
    if key.keys() != {"id"} or not 1 <= len(key["id"].encode()) <= 2048:
        raise refused("ValidationException")
    return ITEMS.get(key["id"])


class Table:
    def put_item(self, Item):
        wire(Item)

    def get_item(self, Key, ConsistentRead):
        item = stored(Key)
        return {"Item": item} if item else {}

    def update_item(self, Key, ExpressionAttributeNames, ExpressionAttributeValues, **_):
        wire(ExpressionAttributeValues)
        item = stored(Key)
        if not item:
            raise refused("ConditionalCheckFailedException")
        new = {ExpressionAttributeNames["#" + name[1:]]: value for name, value in ExpressionAttributeValues.items()}
        return {"Attributes": item | new}

    def delete_item(self, Key, **_):
        if not stored(Key):
            raise refused("ConditionalCheckFailedException")

    def query(self, **_):
        raise refused("ValidationException")

    def scan(self, Limit, ExclusiveStartKey=None):
        if ExclusiveStartKey:
            stored(ExclusiveStartKey)
        behind = ExclusiveStartKey["id"] if ExclusiveStartKey else ""
        found = [ITEMS[name] for name in sorted(ITEMS) if name > behind]
        page = {"Items": found[:Limit]}
        if len(found) >= Limit:
            page["LastEvaluatedKey"] = {"id": page["Items"][-1]["id"]}
        return page


class Context:
    def get_remaining_time_in_millis(self):
        return 5000


lambda_function.table = Table()
logging.basicConfig(stream=sys.stderr)
for line in sys.stdin.buffer:
    answer = lambda_function.lambda_handler(json.loads(line), Context())
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
