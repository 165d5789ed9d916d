"""A to-do list behind a Lambda Function URL.

    POST {"task": "Buy groceries"}   stores an item and answers 201 with it
    GET                              answers 200 with a list of all items

Lambda calls lambda_handler once for every request. The items live in one
DynamoDB table.
"""

import base64
import json
import logging
import os
import uuid
from decimal import Decimal

import boto3
from botocore.config import Config

# Function and table belong to the same stack: TodoHandler uses TodoTable. The
# environment variable TABLE_NAME names another table.
TABLE_NAME = os.environ.get("TABLE_NAME") or (
    os.environ["AWS_LAMBDA_FUNCTION_NAME"].removesuffix("Handler") + "Table"
)

# This runs once, when Lambda starts the function, and not for every request.
# Lambda stops a request after a few seconds, so boto3 must give up sooner than
# it does by itself (after ten retries).
table = boto3.resource(
    "dynamodb",
    config=Config(
        retries={"max_attempts": 2, "mode": "standard"},
        connect_timeout=1,
        read_timeout=2,
    ),
).Table(TABLE_NAME)


class BadRequest(Exception):
    """The caller sent something that is not a to-do item."""


def lambda_handler(event, context):
    """Answers one HTTP request."""
    try:
        method = event["requestContext"]["http"]["method"]
        if method == "POST":
            return respond(201, add_item(read_body(event)))
        if method == "GET":
            return respond(200, list_items())
        return respond(400, {"error": "Unsupported HTTP method"})
    except BadRequest as problem:
        return respond(400, {"error": str(problem)})
    except Exception:
        # The details are for us, in the function's log. The answer does not
        # have them, because a stranger could use them.
        logging.exception("The request failed")
        return respond(500, {"error": "Internal server error"})


def add_item(body):
    """Stores a new item and returns it."""
    task = body.get("task")
    if task is not None and not isinstance(task, str):
        raise BadRequest("The task must be a string")
    item = {
        "id": str(uuid.uuid4()),
        "task": task or "Untitled Task",
        "completed": False,
    }
    table.put_item(Item=item)
    return item


def list_items():
    """Returns every item of the table.

    DynamoDB hands out at most 1 MB at a time; LastEvaluatedKey says that there
    is more. A scan reads the whole table, which is fine while it is small.
    """
    page = table.scan()
    items = page["Items"]
    while "LastEvaluatedKey" in page:
        page = table.scan(ExclusiveStartKey=page["LastEvaluatedKey"])
        items += page["Items"]
    return items


def read_body(event):
    """Returns the JSON object that the caller sent. No body is an empty one."""
    text = event.get("body") or "{}"
    try:
        if event.get("isBase64Encoded"):  # as with curl -d and no content type
            text = base64.b64decode(text).decode("utf-8")
        body = json.loads(text, parse_constant=int)  # int refuses NaN: not JSON
        json.dumps(body, ensure_ascii=False).encode("utf-8")  # half characters: not text
    except (ValueError, RecursionError):
        raise BadRequest("The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object")
    return body


def respond(status, body):
    """Makes the answer for the Function URL.

    There are no CORS headers here: the Function URL adds them, and browsers
    refuse an answer that has them twice.
    """
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body, default=plain, ensure_ascii=False, sort_keys=True),
    }


def plain(value):
    """Turns what boto3 returns and JSON does not know into what it does."""
    if isinstance(value, Decimal):  # every number of DynamoDB
        return int(value) if value == int(value) else float(value)
    if isinstance(value, set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
