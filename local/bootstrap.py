"""Runs one Lambda function in the machine's Python.

It speaks the real Lambda Runtime API with the local AWS: fetch an event, call
the handler, post the answer, again. Standard library only.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import http.client
import importlib
import json
import logging
import os
import re
import socket
import sys
import time
import traceback

api, _, token = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
runtime = "/" + token + "/2018-06-01/runtime/"
endpoint = os.environ["AWS_ENDPOINT_URL"]
root = os.environ["LAMBDA_TASK_ROOT"]
site = os.environ.pop("TODOCTL_SITE", "")

# The log's own copy of the descriptor: its lines arrive even when the function
# closes or redirects its standard output.
output = os.dup(1)

connection = http.client.HTTPConnection(api)


def call(method, path, body=None, headers=None):
    """One call of the Runtime API. Without the local AWS there is nothing to do."""
    try:
        connection.request(method, runtime + path, body, headers or {})
        response = connection.getresponse()
        return response, response.read()
    except (OSError, http.client.HTTPException):
        os._exit(1)


def flush():
    """Sees to it that what the function printed is out before its answer is."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass


def tell(text):
    """One log event, whatever lines it has and whatever was printed before it."""
    os.write(output, ("\x1d" + text.rstrip("\n").replace("\n", "\x1f") + "\n").encode("utf-8", "replace"))


class Log(logging.Handler):
    """What Lambda's own logging handler writes."""

    request_id = ""

    def emit(self, record):
        try:
            record.message = record.getMessage()
            text = record.message
            if record.exc_info:
                text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            if record.stack_info:
                text += "\n" + record.stack_info
            when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            tell("[%s]\t%s.%03dZ\t%s\t%s" % (record.levelname, when, record.msecs, self.request_id, text))
        except Exception:  # as logging does: a bad log call never stops the function
            self.handleError(record)


class Context:
    """The handler's second argument."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message):
        tell(str(message))


def pin():
    """Makes every botocore client talk to the local AWS and to nothing else.

    An older botocore ignores AWS_ENDPOINT_URL and would reach the real AWS.
    """
    try:
        import botocore.session
    except ImportError:
        return
    import inspect

    create = botocore.session.Session.create_client
    signature = inspect.signature(create)

    def create_client(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.arguments["endpoint_url"] = endpoint
        bound.arguments["use_ssl"] = False
        return create(*bound.args, **bound.kwargs)

    botocore.session.Session.create_client = create_client


# AWS's names, and the addresses where a machine on AWS finds credentials.
aws = re.compile(r"(^|\.)(amazonaws\.com(\.cn)?|api\.aws|on\.aws)$|^169\.254\.(169\.254|170\.2(3)?)$|^fd00:ec2::")


def stay():
    """Refuses to look up AWS's names, whichever library or version asks.

    What pin does for botocore is enough for botocore; this is for all else, and
    for a botocore that has no such method any more.
    """
    look_up = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        name = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)
        if aws.search(name.rstrip(".").lower()):
            raise socket.gaierror(socket.EAI_NONAME, "on this machine a function reaches the local AWS and not " + name)
        return look_up(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def failure(kind, error, frames):
    return {
        "errorMessage": str(error),
        "errorType": kind,
        "requestId": Log.request_id,
        "stackTrace": ["".join(f) for f in frames],
    }


def load():
    """Imports the handler; says what Lambda says when that fails."""
    name = os.environ["_HANDLER"]
    module, dot, function = name.rpartition(".")
    if not dot:
        return None, failure("Runtime.MalformedHandlerName",
                             "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name, [])
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as e:
        return None, failure("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module, e), [])
    except SyntaxError as e:
        return None, failure("Runtime.UserCodeSyntaxError",
                             "Syntax error in module '%s': %s" % (module, e), [traceback.format_exception_only(type(e), e)])
    except Exception as e:
        return None, failure(type(e).__name__, e, traceback.format_list(traceback.extract_tb(e.__traceback__)[1:]))
    if not hasattr(loaded, function):
        return None, failure("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, module), [])
    return getattr(loaded, function), None


def peak():
    """The most memory used so far, in MB; 0 where Python cannot say."""
    try:
        import resource
    except ImportError:
        return 0
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used >> (20 if sys.platform == "darwin" else 10)


def main():
    sys.path[0] = root
    if site and site not in sys.path:
        sys.path.append(site)
    log = logging.getLogger()
    log.addHandler(Log())
    stay()
    pin()
    handler, broken = load()
    if broken:
        tell("[ERROR] %s: %s" % (broken["errorType"], broken["errorMessage"]) + "".join("\n" + f for f in broken["stackTrace"]))
        flush()
        call("POST", "init/error", json.dumps(broken))
        os._exit(1)
    flush()
    while True:
        response, event = call("GET", "invocation/next")
        if response.status != 200:
            os._exit(0)
        request_id = Log.request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        outcome = "/response"
        try:
            answer = handler(json.loads(event), Context(response.headers))
            try:
                body = json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")
            except (TypeError, ValueError) as e:
                outcome, body = "/error", json.dumps(failure(
                    "Runtime.MarshalError", "Unable to marshal response: %s" % e, [])).encode()
                tell("[ERROR] Runtime.MarshalError: Unable to marshal response: %s" % e)
        except Exception as e:
            frames = traceback.format_list(traceback.extract_tb(e.__traceback__)[1:])
            outcome, body = "/error", json.dumps(failure(type(e).__name__, e, frames)).encode()
            tell("[ERROR] %s: %s\nTraceback (most recent call last):\n%s" % (type(e).__name__, e, "".join(frames)))
        flush()
        call("POST", "invocation/" + request_id + outcome, body, {
            "Content-Type": "application/json", "Todoctl-Max-Memory-Mb": str(peak())})


if __name__ == "__main__":
    main()
