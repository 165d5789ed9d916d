package local

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Invoke carries its payload in the body and everything else in headers, so it
// works on the HTTP request itself.

// direct returns the operation that wants the HTTP request, or nil.
func (x *lambdaService) direct(operation string) func(ctx context.Context, r *http.Request, body []byte) (response, error) {
	if operation == "Invoke" {
		return x.invokeRequest
	}
	return nil
}

func (x *lambdaService) invokeRequest(ctx context.Context, r *http.Request, body []byte) (response, error) {
	_, labels := match(lambdaRoutes(), r.Method, r.URL.EscapedPath())
	name, qualifier := labels["FunctionName"], r.URL.Query().Get("Qualifier")
	d, err := x.named(ctx, &name, &qualifier)
	if err != nil {
		return response{}, err
	}
	if d.pending(x.cfg.Now(), x.cfg.Lags) {
		return response{}, d.busy(x.cfg.Now(), x.cfg.Lags)
	}
	if len(body) > maxPayload {
		return response{}, &apiError{Code: "RequestTooLargeException", Status: http.StatusRequestEntityTooLarge,
			Message: "Request must be smaller than 6291456 bytes for the InvokeFunction operation"}
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	if !json.Valid(body) {
		return response{}, &apiError{Code: "InvalidRequestContentException",
			Message: "Could not parse request body into json: Could not parse payload into json"}
	}
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
	case "DryRun":
		return response{status: http.StatusNoContent, header: http.Header{}}, nil
	case "Event":
		// Lambda tries a failed event twice more, after one and two minutes; here
		// it runs once.
		if !x.background(func() { _, _ = x.invoke(d, body) }) {
			return response{}, errClosed
		}
		return response{status: http.StatusAccepted, header: http.Header{"X-Amz-Executed-Version": {"$LATEST"}}}, nil
	default:
		return response{}, invalidValue("invocationType", kind, "Member must satisfy enum value set: [Event, DryRun, RequestResponse]")
	}
	out, err := x.invoke(d, body)
	if errors.Is(err, errThrottled) {
		reason := "ConcurrentInvocationLimitExceeded"
		if d.Reserved != nil {
			reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
		}
		return response{}, &apiError{Code: "TooManyRequestsException", Status: http.StatusTooManyRequests,
			Message: "Rate Exceeded.", Fields: map[string]any{"Reason": reason}}
	}
	if err != nil {
		return response{}, err
	}
	h := http.Header{"Content-Type": {"application/json"}, "X-Amz-Executed-Version": {"$LATEST"}}
	if out.fault != "" {
		h.Set("X-Amz-Function-Error", out.fault)
	}
	if r.Header.Get("X-Amz-Log-Type") == "Tail" {
		text := strings.Join(out.lines, "\n")
		text = text[max(0, len(text)-4096):] // the last 4 KB
		h.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString([]byte(text)))
	}
	return response{status: http.StatusOK, header: h, body: out.payload}, nil
}
