package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// A faultCall is a request as the fault layer needs to know it.
type faultCall struct {
	body      []byte
	service   string // signing name; "" for a Function URL
	operation string
	protocol  protocol
	attempt   int // the SDK's own count, from 1; 0 where there is none
}

// readCall reads a request whole, so that it can be sent on.
func readCall(r *http.Request) (faultCall, error) {
	call := faultCall{operation: r.Method + " " + r.URL.Path}
	if r.Body != nil {
		var err error
		if call.body, err = io.ReadAll(r.Body); err != nil {
			return call, err
		}
		_ = r.Body.Close()
	}
	m := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return call, nil
	}
	call.service = m[3]
	_, _ = fmt.Sscanf(r.Header.Get("Amz-Sdk-Request"), "attempt=%d", &call.attempt) // "attempt=2; max=8"
	req, err := readRequest((&Server{}).register()[call.service], call.again(r))
	call.protocol = req.protocol
	if err == nil {
		call.operation = req.operation
	}
	return call, nil
}

// again is the request with its body still to be read.
func (c faultCall) again(r *http.Request) *http.Request {
	out := r.Clone(r.Context())
	out.Body = io.NopCloser(bytes.NewReader(c.body))
	return out
}

// fail answers an error in the call's protocol. A Function URL has none: what
// goes wrong there is a status and a line.
func (c faultCall) fail(r *http.Request, err *apiError) *http.Response {
	if c.service == "" {
		return answerTo(r, plainResponse(err.Status, err.Message))
	}
	ctx := context.WithValue(r.Context(), originKey{}, origin{requestID: newRequestID()})
	return answerTo(r, c.protocol.fail(ctx, err))
}

func (c faultCall) broken(r *http.Request, message string) *http.Response {
	if c.service == "" { // what a crashed function looks like
		return answerTo(r, plainResponse(http.StatusBadGateway, "Internal Server Error"))
	}
	code := "InternalFailure"
	switch c.service {
	case "dynamodb":
		code = "InternalServerError"
	case "iam":
		code = "ServiceFailure"
	case "lambda":
		code = "ServiceException"
	case "monitoring":
		code = "InternalServiceFault"
	case "sns":
		code = "InternalError"
	case "logs":
		code = "ServiceUnavailableException"
	case "budgets":
		code = "InternalErrorException"
	}
	return c.fail(r, &apiError{Code: code, Message: message, Status: http.StatusInternalServerError})
}

// The codes differ from service to service.
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html

func (c faultCall) throttle() string {
	switch c.service {
	case "iam", "sts", "sns", "monitoring":
		return "Throttling"
	case "lambda":
		return "TooManyRequestsException"
	}
	return "ThrottlingException"
}

// throttled is the status: only Lambda and its URLs have one of their own.
func (c faultCall) throttled() int {
	if c.service == "lambda" || c.service == "" {
		return http.StatusTooManyRequests
	}
	return http.StatusBadRequest
}

func (c faultCall) expired() string {
	switch c.service {
	case "iam", "sts", "sns":
		return "ExpiredToken"
	}
	return "ExpiredTokenException"
}

func (c faultCall) denied() string {
	switch c.service {
	case "iam", "sts", "monitoring":
		return "AccessDenied"
	case "sns":
		return "AuthorizationError"
	}
	return "AccessDeniedException"
}

func (c faultCall) skewed() string {
	switch c.service {
	case "iam", "sts", "sns":
		return "SignatureDoesNotMatch"
	}
	return "InvalidSignatureException"
}

func (c faultCall) action() string {
	prefix := (&Server{}).register()[c.service].access
	return prefix + ":" + c.operation
}

// answerTo makes a response of the client's side.
func answerTo(r *http.Request, res response) *http.Response {
	header := res.header.Clone()
	header.Set("X-Amzn-Requestid", newRequestID())
	return &http.Response{
		Status:     strconv.Itoa(res.status) + " " + http.StatusText(res.status),
		StatusCode: res.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(res.body)), ContentLength: int64(len(res.body)), Request: r,
	}
}
