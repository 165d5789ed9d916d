package main

import (
	"context"
	"errors"
	"fmt"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// traceCalls makes --debug print one line per attempt: service, operation,
// status, time, code, request id. The SDK's own logging is never used, because
// it prints signatures and session tokens.
func (c *command) traceCalls(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("todoctl.Trace",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			started := c.Clock.Now()
			out, metadata, err := next.HandleDeserialize(ctx, in)
			status := "-"
			if res, ok := out.RawResponse.(*smithyhttp.Response); ok && res != nil {
				status = res.Status
			}
			code := ""
			if e, ok := errors.AsType[smithy.APIError](err); ok {
				code = " " + e.ErrorCode()
			} else if err != nil {
				code = " " + innermost(err).Error()
			}
			id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
			c.trace("debug: %-14s %-24s %-8s %6d ms%s %s",
				awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), status,
				c.Clock.Now().Sub(started).Milliseconds(), code, id)
			return out, metadata, err
		}), middleware.After)
}

// trace prints a line where the talk goes: never over an open question.
func (c *command) trace(format string, args ...any) {
	text := outside(fmt.Sprintf(format, args...))
	if w, people := c.view().(*words); people {
		w.line("%s", text)
		return
	}
	fmt.Fprintln(c.Err, harmless(text))
}

// innermost is what went wrong at the bottom: a refused connection, a
// certificate. The layers above it repeat the URL.
func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
