package local

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// How a Function URL answers CORS. Once CORS is configured, AWS answers
// preflights itself and never runs the function for them; on other requests it
// adds its headers when, and only when, the request has an Origin.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// preflight is the answer to "may I?". An origin that is not allowed gets no
// headers, which is how a browser is told no.
func (c *corsDoc) preflight(r *http.Request) http.Header {
	h := c.origin(r)
	if len(h) == 0 {
		return h
	}
	if len(c.Methods) > 0 {
		h.Set("Access-Control-Allow-Methods", strings.Join(c.Methods, ","))
	}
	if len(c.Headers) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(c.Headers, ","))
	}
	h.Set("Access-Control-Max-Age", strconv.Itoa(int(c.MaxAge)))
	return h
}

// actual is what the URL adds to the function's own answer.
func (c *corsDoc) actual(r *http.Request) http.Header {
	if !c.configured() {
		return nil
	}
	h := c.origin(r)
	if len(h) > 0 && len(c.Expose) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.Expose, ","))
	}
	return h
}

// origin answers the Origin header. With credentials "*" reflects whoever asks,
// because browsers refuse "*" then.
func (c *corsDoc) origin(r *http.Request) http.Header {
	h := http.Header{}
	from := r.Header.Get("Origin")
	switch {
	case from == "":
		return h
	case slices.Contains(c.Origins, "*") && !c.Credentials:
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(c.Origins, "*"), slices.Contains(c.Origins, from):
		h.Set("Access-Control-Allow-Origin", from)
		h.Set("Vary", "Origin")
	default:
		return h
	}
	if c.Credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	return h
}
