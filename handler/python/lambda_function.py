"""A to-do list behind a Lambda Function URL.

    POST   /      {"task": "Buy groceries"}    201 and the new item
    GET    /                                   200 and the list of items
    GET    /ID                                 200 and the item
    PUT    /ID    {"completed": true}          200 and the changed item
    DELETE /ID                                 204

HEAD is GET without the body. The list has the newest first where the table has an
index for that (todoctl up --index), and no order else. A long list comes in parts: GET /?limit=20 answers
20 items and, when there are more, a Link header that leads to the rest. What
cannot be done is a 400, 404 or 413 with {"error": "the reason in a sentence"}.

Lambda calls lambda_handler once for every request. The items live in one
DynamoDB table.
"""

import base64
import json
import logging
import os
import re
import time
import uuid
from datetime import datetime, timezone
from decimal import Decimal
from urllib.parse import unquote

import boto3
from boto3.dynamodb.types import Binary
from botocore.config import Config
from botocore.exceptions import ClientError

# Function and table belong to the same stack: TodoHandler uses TodoTable. The
# environment variable TABLE_NAME names another table.
TABLE_NAME = os.environ.get("TABLE_NAME") or (
    os.environ["AWS_LAMBDA_FUNCTION_NAME"].removesuffix("Handler") + "Table"
)

# This runs once, when Lambda starts the function, and not for every request.
# Lambda stops a request after 5 seconds, so boto3 must give up sooner than it
# does by itself (after ten retries).
table = boto3.resource(
    "dynamodb",
    config=Config(
        retries={"total_max_attempts": 2, "mode": "standard"},
        connect_timeout=1,  # seconds
        read_timeout=1,
    ),
).Table(TABLE_NAME)

# A task of 1,000 characters makes an item of less than 4 KB: to write it takes
# 4 of the table's 5 write units, and to read it takes one.
MAX_TASK = 1_000  # characters
MAX_BODY = 16_384  # bytes: such a task, however its characters are written
MAX_DEPTH = 32  # lists and objects inside each other
MAX_ID = 2_048  # bytes: DynamoDB has no longer key
MAX_KEY = {"id": MAX_ID, "created": 1_024}

# How much one answer lists. Lambda sends 6 MB at most, in a form that may double
# the size.
MAX_ITEMS = 1_000
MAX_LIST = 2_500_000  # bytes
MIN_TIME = 2_500  # milliseconds that must be left to ask DynamoDB for more

# A table may have an index that holds the items in order of time. Where it has
# none, it is asked again after a while: somebody may have added it.
INDEX = "newest"
ASK_AGAIN = 60  # seconds
no_index_until = 0.0  # on the clock of time.monotonic


class Refused(Exception):
    """The caller asks for something that cannot be done."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status


def lambda_handler(event, context):
    """Answers one HTTP request."""
    method = None
    try:
        method = event["requestContext"]["http"]["method"]
        response = answer(method, event, context)
    except Refused as refusal:
        response = respond(refusal.status, {"error": str(refusal)})
    except Exception as error:
        # The details are for us, in the function's log. The answer does not
        # have them, because a stranger could use them.
        logging.exception("The request failed")
        if is_throttled(error):
            busy = {"error": "The table is busy: try again in a second"}
            response = respond(503, busy, {"retry-after": "1"})
        else:
            response = respond(500, {"error": "Internal server error"})
    if method == "HEAD":
        del response["body"]
    return response


def answer(method, event, context):
    """Finds out what is asked for, and does it."""
    item_id = read_id(event.get("rawPath") or "/")
    if item_id is None:
        if method in ("GET", "HEAD"):
            return answer_list(event.get("queryStringParameters") or {}, context)
        if method == "POST":
            return respond(201, add_item(read_body(event)))
    else:
        if method in ("GET", "HEAD"):
            return respond(200, get_item(item_id))
        if method == "PUT":
            return respond(200, change_item(item_id, read_body(event)))
        if method == "DELETE":
            delete_item(item_id)
            return {"statusCode": 204}
    raise Refused(400, "Unsupported HTTP method")


def answer_list(query, context):
    """Answers with the list, or with the part of it that is asked for."""
    items, last = list_items(read_limit(query), read_next(query), context)
    if last is None:
        return respond(200, items)
    # https://www.rfc-editor.org/rfc/rfc8288 has the form of this header.
    limit = f"limit={query['limit']}&" if "limit" in query else ""
    return respond(200, items, {"link": f'<?{limit}next={to_token(last)}>; rel="next"'})


# What is done with the table.


def add_item(body):
    """Stores a new item and returns it."""
    task = body.get("task")
    item = {
        "id": str(uuid.uuid4()),
        "task": "Untitled Task" if task is None else read_task(task),
        "completed": False,
        "created": now(),
        "list": "todo",  # the same for all: an index can hold them in order of time
    }
    table.put_item(Item=item)
    return shown(item)


def get_item(item_id):
    """Returns one item."""
    found = table.get_item(Key={"id": item_id}, ConsistentRead=True)
    if "Item" not in found:
        raise no_item()
    return shown(found["Item"])


def change_item(item_id, body):
    """Changes an item's task, or whether it is completed, and returns it."""
    changes = {}
    if "task" in body:
        changes["task"] = read_task(body["task"])
    if "completed" in body:
        if not isinstance(body["completed"], bool):
            raise Refused(400, "completed must be true or false")
        changes["completed"] = body["completed"]
    if not changes:
        raise Refused(400, "The body must have a task or completed")
    changed = only_if_there(
        table.update_item,
        Key={"id": item_id},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in changes),
        # A # keeps names apart from DynamoDB's own words, such as list and status.
        ExpressionAttributeNames={f"#{name}": name for name in changes},
        ExpressionAttributeValues={f":{name}": changes[name] for name in changes},
        ReturnValues="ALL_NEW",
    )
    return shown(changed["Attributes"])


def delete_item(item_id):
    """Deletes an item."""
    only_if_there(table.delete_item, Key={"id": item_id})


def only_if_there(write, **request):
    """Changes or deletes an item. DynamoDB by itself would make one that is not
    there, and would not say that there was none to delete."""
    try:
        return write(ConditionExpression="attribute_exists(id)", **request)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise no_item() from None
        raise


def list_items(limit, start, context):
    """Returns at most limit items from behind the key start on and, when there are
    more, the key of the last one.

    With an index the newest come first, and only they are read. Without one a
    scan goes through the table, in no order: fine while it is small. A list goes
    on in the way in which it has begun.
    """
    global no_index_until
    if start is not None:
        by_index = "created" in start
    else:
        by_index = time.monotonic() >= no_index_until
    if by_index:
        try:
            return read_items(query, ("created", "id"), limit, start, context)
        except ClientError as error:
            if not is_without_index(error):
                raise
            no_index_until = time.monotonic() + ASK_AGAIN
        if start is not None:
            raise Refused(400, "The list has lost its order: begin it anew, without next")
    return read_items(table.scan, ("id",), limit, start, context)


def read_items(read, names, limit, start, context):
    """Does so with one way of reading, whose keys have these names.

    DynamoDB hands out at most 1 MB at a time; LastEvaluatedKey says that there
    is more.
    """
    items, size = [], 0
    request = {} if start is None else {"ExclusiveStartKey": start}
    while True:
        # One more than is asked for, to see whether there are more.
        page = read(Limit=limit + 1 - len(items), **request)
        for item in map(shown, page["Items"]):
            size += len(to_json(item).encode())
            if items and (len(items) == limit or size > MAX_LIST):
                return items, part_of(items[-1], names)
            items.append(item)
        if "LastEvaluatedKey" not in page:
            return items, None
        if items and context.get_remaining_time_in_millis() < MIN_TIME:
            return items, part_of(items[-1], names)
        request = {"ExclusiveStartKey": part_of(page["LastEvaluatedKey"], names)}


def query(ExclusiveStartKey=None, **request):
    """Reads the index as table.scan reads the table."""
    if ExclusiveStartKey is not None:
        request["ExclusiveStartKey"] = ExclusiveStartKey | {"list": "todo"}
    return table.query(
        IndexName=INDEX,
        KeyConditionExpression="#list = :list",
        ExpressionAttributeNames={"#list": "list"},
        ExpressionAttributeValues={":list": "todo"},
        ScanIndexForward=False,  # the newest first
        **request,
    )


def part_of(item, names):
    """Returns what DynamoDB needs to go on behind this item."""
    return {name: item[name] for name in names}


def is_without_index(error):
    """Says whether there is no index, or DynamoDB is still building it, or the
    function may not use it."""
    return error.response["Error"]["Code"] in (
        "ValidationException",
        "AccessDeniedException",
    )


def is_throttled(error):
    """Says whether DynamoDB was asked for more than the table's units allow."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in (
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    )


# What the caller sends.


def read_id(path):
    """Returns the id in a path, or None for the path of the list."""
    name, *others = path.removeprefix("/").split("/")
    if others:
        raise Refused(404, "There is nothing at this path")
    if not name:
        return None
    try:
        item_id = unquote(name, errors="strict")
    except UnicodeDecodeError:
        raise no_item() from None
    if len(item_id.encode()) > MAX_ID:
        raise no_item()
    return item_id


def read_body(event):
    """Returns the JSON object in the body. No body is an empty object."""
    try:
        sent = (event.get("body") or "").encode()
        if event.get("isBase64Encoded"):  # as with curl -d and no content type
            sent = base64.b64decode(sent, validate=True)
        if len(sent) > MAX_BODY:
            raise Refused(413, f"The body must have at most {MAX_BODY} bytes")
        body = from_json(sent.decode() or "{}")
    except ValueError:
        raise Refused(400, "The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object")
    return body


def read_task(task):
    """Returns the task, when it is one."""
    if not isinstance(task, str):
        raise Refused(400, "The task must be a string")
    if not task.strip(" \t\r\n"):
        raise Refused(400, "The task must not be empty")
    if len(task) > MAX_TASK:
        raise Refused(400, f"The task must have at most {MAX_TASK} characters")
    if re.search(r"[\ud800-\udfff]", task):  # JSON can have "\ud800", UTF-8 cannot
        raise Refused(400, "The task has half a character")
    return task


def read_limit(query):
    """Returns how many items are asked for."""
    limit = query.get("limit", str(MAX_ITEMS))
    if not re.fullmatch("[0-9]{1,4}", limit) or not 1 <= int(limit) <= MAX_ITEMS:
        raise Refused(400, f"limit must be a whole number from 1 to {MAX_ITEMS}")
    return int(limit)


def read_next(query):
    """Returns the key behind which the list goes on, or None for its beginning."""
    if "next" not in query:
        return None
    try:
        key = from_json(base64.urlsafe_b64decode(query["next"] + "==").decode())
        # The token of an answer has one form. Nothing else comes from there.
        names = ("created", "id") if "created" in key else ("id",)
        fits = all(1 <= len(key[name].encode()) <= MAX_KEY[name] for name in names)
        if fits and to_token(part_of(key, names)) == query["next"]:
            return key
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise Refused(400, "next must come from a Link header")


# What the caller gets.


def respond(status, body, headers=None):
    """Makes the answer for the Function URL.

    There are no CORS headers here: the Function URL adds them, and browsers
    refuse an answer that has them twice.
    """
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"} | (headers or {}),
        "body": to_json(body),
    }


def shown(item):
    """Returns an item as callers see it."""
    return {name: item[name] for name in item if name != "list"}


def no_item():
    """Makes the refusal of an id that no item has."""
    return Refused(404, "No item has this id")


def now():
    """Returns the time as text, for example 2026-11-23T10:00:00.000Z."""
    moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


# JSON.


def from_json(text):
    """Reads JSON, and raises a ValueError for anything else."""
    if is_deep(text):
        raise ValueError("too deep")  # Python gives up sooner or later, so we do first
    return json.loads(
        text,
        parse_int=float,  # int gives up at 4,300 digits
        parse_constant=int,  # for NaN and Infinity, which are not JSON: int raises
    )


def is_deep(text):
    """Says whether more than MAX_DEPTH lists and objects are inside each other."""
    depth = 0
    for part in re.findall(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', text):  # texts, brackets
        depth += (part in ("[", "{")) - (part in ("]", "}"))
        if depth > MAX_DEPTH:
            return True
    return False


def to_json(value):
    """Writes JSON, also of what boto3 returns."""
    return json.dumps(value, default=plain, ensure_ascii=False, sort_keys=True)


def to_token(key):
    """Writes a key of the table as a word that an address can hold."""
    return base64.urlsafe_b64encode(to_json(key).encode()).decode().rstrip("=")


def plain(value):
    """Turns what boto3 returns and JSON does not know into what it does."""
    if isinstance(value, Decimal):  # every number of DynamoDB
        return int(value) if value == int(value) else float(value)
    if isinstance(value, Binary):
        return base64.b64encode(value.value).decode()
    if isinstance(value, set):  # of numbers, of texts or of Binary
        return sorted(v if isinstance(v, str) else plain(v) for v in value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
