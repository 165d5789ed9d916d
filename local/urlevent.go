package local

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// The event of a Function URL, payload format 2.0, members in AWS's order. The
// events package of aws-lambda-go has the same and leaves some out.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
type urlEvent struct {
	Version         string            `json:"version"`
	RouteKey        string            `json:"routeKey"`
	RawPath         string            `json:"rawPath"`
	RawQueryString  string            `json:"rawQueryString"`
	Cookies         []string          `json:"cookies,omitempty"`
	Headers         map[string]string `json:"headers"`
	Query           map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext  urlContext        `json:"requestContext"`
	Body            *string           `json:"body,omitempty"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
}

type urlContext struct {
	AccountID    string         `json:"accountId"`
	APIID        string         `json:"apiId"`
	Authorizer   *urlAuthorizer `json:"authorizer,omitempty"`
	DomainName   string         `json:"domainName"`
	DomainPrefix string         `json:"domainPrefix"`
	HTTP         urlHTTP        `json:"http"`
	RequestID    string         `json:"requestId"`
	RouteKey     string         `json:"routeKey"`
	Stage        string         `json:"stage"`
	Time         string         `json:"time"`
	TimeEpoch    int64          `json:"timeEpoch"`
}

type urlHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

type urlAuthorizer struct {
	IAM urlIAM `json:"iam"`
}

type urlIAM struct {
	AccessKey       string  `json:"accessKey"`
	AccountID       string  `json:"accountId"`
	CallerID        string  `json:"callerId"`
	CognitoIdentity *string `json:"cognitoIdentity"` // null: there is no Cognito here
	PrincipalOrgID  *string `json:"principalOrgId"`  // null: the account is in no organization
	UserARN         string  `json:"userArn"`
	UserID          string  `json:"userId"`
}

// event describes a request to the function. signer is who signed it, nil for
// AuthType NONE.
func (f *urlFront) event(r *http.Request, body []byte, id string, signer *caller) urlEvent {
	now := f.x.cfg.Now().UTC()
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	e := urlEvent{
		Version:        "2.0",
		RouteKey:       "$default",
		RawPath:        path,
		RawQueryString: r.URL.RawQuery,
		Headers:        map[string]string{},
		RequestContext: urlContext{
			AccountID:    "anonymous",
			APIID:        f.id,
			DomainName:   f.id + ".lambda-url." + f.fn.region + ".on.aws",
			DomainPrefix: f.id,
			HTTP:         urlHTTP{Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: host, UserAgent: r.UserAgent()},
			RequestID:    id,
			RouteKey:     "$default",
			Stage:        "$default",
			Time:         now.Format("02/Jan/2006:15:04:05 -0700"),
			TimeEpoch:    now.UnixMilli(),
		},
	}
	if signer != nil {
		e.RequestContext.AccountID = AccountID
		e.RequestContext.Authorizer = &urlAuthorizer{IAM: urlIAM{
			AccessKey: signer.accessKey, AccountID: AccountID, CallerID: signer.userID, UserARN: signer.arn, UserID: signer.userID,
		}}
	}
	for k, v := range r.Header {
		if k == "Cookie" {
			for _, line := range v {
				e.Cookies = append(e.Cookies, strings.Split(line, "; ")...)
			}
			continue
		}
		e.Headers[strings.ToLower(k)] = strings.Join(v, ",")
	}
	maps.Copy(e.Headers, map[string]string{
		"host":              r.Host,
		"x-amzn-trace-id":   "Root=" + traceID(now),
		"x-forwarded-for":   host,
		"x-forwarded-port":  portOf(r.Host),
		"x-forwarded-proto": "http",
	})
	e.Query = queryOf(r.URL.RawQuery)
	if len(body) > 0 {
		text := string(body)
		if e.IsBase64Encoded = !isText(r.Header); e.IsBase64Encoded {
			text = base64.StdEncoding.EncodeToString(body)
		}
		e.Body = &text
	}
	return e
}

func portOf(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil {
		return port
	}
	return "80"
}

// queryOf decodes the query; the values of a repeated name are joined by commas,
// in their order. A pair that cannot be decoded is passed on as it is.
func queryOf(raw string) map[string]string {
	query := map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescaped(name), unescaped(value)
		if before, twice := query[name]; twice {
			value = before + "," + value
		}
		query[name] = value
	}
	return query
}

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// isText says whether a body reaches the function as text. Everything else is
// base64, and curl's default, application/x-www-form-urlencoded, is everything
// else.
func isText(h http.Header) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return false
	}
	switch kind {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

// A urlAnswer is a response of a Function URL.
type urlAnswer struct {
	status    int
	code      string // for the call log
	header    http.Header
	body      []byte
	preflight bool // answered by the URL itself
}

// ownHeaders belong to the connection and not to the function.
var ownHeaders = []string{"Connection", "Content-Length", "Keep-Alive", "Trailer", "Transfer-Encoding", "Upgrade"}

func (a urlAnswer) write(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	for _, k := range ownHeaders {
		w.Header().Del(k)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// readAnswer turns what the function returned into a response. An object with a
// statusCode says everything itself; any other JSON is the body of a 200.
func readAnswer(payload []byte) (urlAnswer, error) {
	var shape map[string]json.RawMessage
	if !json.Valid(payload) {
		return urlAnswer{}, errors.New("it is not JSON")
	}
	if json.Unmarshal(payload, &shape) != nil || shape["statusCode"] == nil {
		return urlAnswer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: payload}, nil
	}
	var said struct {
		StatusCode      json.Number
		Headers         map[string]any
		Cookies         []string
		Body            *string
		IsBase64Encoded bool
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&said); err != nil {
		return urlAnswer{}, err
	}
	code, err := said.StatusCode.Int64()
	if err != nil || code < 100 || code > 599 {
		return urlAnswer{}, fmt.Errorf("the statusCode %q is not an HTTP status", said.StatusCode)
	}
	a := urlAnswer{status: int(code), header: http.Header{"Content-Type": {"application/json"}}}
	for k, v := range said.Headers {
		switch v := v.(type) {
		case string:
			a.header.Set(k, v)
		case json.Number, bool:
			a.header.Set(k, fmt.Sprint(v))
		default:
			return urlAnswer{}, fmt.Errorf("the header %s is not a string", k)
		}
	}
	for _, c := range said.Cookies {
		a.header.Add("Set-Cookie", c)
	}
	if said.Body != nil {
		a.body = []byte(*said.Body)
	}
	if said.IsBase64Encoded {
		if a.body, err = base64.StdEncoding.DecodeString(string(a.body)); err != nil {
			return urlAnswer{}, errors.New("isBase64Encoded is true and the body is not base64")
		}
	}
	return a, nil
}
