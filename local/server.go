package local

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// AccountID is the account that every resource on this machine belongs to.
const AccountID = "000000000000"

// Config is everything that a Server takes from outside.
type Config struct {
	Path string           // the bbolt file; made 0600 when missing, its folder must exist
	Now  func() time.Time // the clock; tests turn it by hand
	Lags Lags             // how long things take; the zero value is instant

	// Volatile leaves out the wait for the disk. What was answered outlives the
	// process, and not a loss of power: for tests, most of whose time that wait is.
	Volatile bool

	// Operator is the IAM policy document that a person's keys are held to.
	// Empty allows everything.
	Operator string

	Account Account // what kind of account it is; the zero value is a new one on the paid plan

	// Listen opens the socket of a Function URL ("127.0.0.1:0" or a port from
	// an earlier run). Nil means no sockets: Function URLs then get names under
	// .localhost that only Transport can reach.
	Listen func(addr string) (net.Listener, error)

	// Python and Node find the machine's Python and Node.js. They are asked once,
	// when a function first needs it, because looking takes longer than starting.
	// Nil, or a nil answer, means the Twin alone.
	Python func() *Python
	Node   func() *Node
	Twin   *Twin // the Go version of the default handler; nil means none

	// Wrap puts something in front of the API port, such as a delay or a fault.
	// What refuse refuses does not reach it.
	Wrap func(http.Handler) http.Handler

	OnCall func(Call)                       // told of each API call and URL request; nil means nobody listens
	Logf   func(format string, args ...any) // for faults of the server itself; nil drops them
}

// A Call is one request as the server saw it, for `local serve` and for tests
// that count.
type Call struct {
	Time      time.Time
	Service   string // signing name ("dynamodb"); "url" for a request to a Function URL
	Operation string // "CreateTable"; for "url" the method and path
	Region    string
	Write     bool // changes a resource or its data
	Function  bool // made by the learner's function, not by a person

	// Target is the ARN of what a person's write is about first, as policies know it. Of
	// a write of items it is not told.
	Target string

	Status int // HTTP status
	Code   string
	Took   time.Duration
}

// A Server is AWS on this machine. It is an http.Handler for the API port.
type Server struct {
	cfg      Config
	db       *store
	services map[string]service // by signing name
	operator *policy            // of Config.Operator; nil allows everything
	api      http.Handler       // serveAPI behind Config.Wrap

	dynamodb *dynamodbService
	iam      *iamService
	lambda   *lambdaService
	logs     *logsService
	metrics  *cloudwatchService
	replica  replica

	mu    sync.Mutex
	calls []Call
	host  string // host:port of the API, once listening
}

// Open opens or makes the store and starts the Function URLs that it holds.
// The error is ErrLocked when another server has the file.
func Open(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		return nil, errors.New("local: Config.Now is missing")
	}
	var operator *policy
	if cfg.Operator != "" {
		if err := checkPolicy(cfg.Operator); err != nil {
			return nil, fmt.Errorf("local: Config.Operator: %w", err)
		}
		operator, _ = parsePolicy(cfg.Operator) // checked just now
	}
	if err := cfg.Account.check(); err != nil {
		return nil, err
	}
	db, err := openStore(cfg.Path)
	if err != nil {
		return nil, err
	}
	if cfg.Volatile {
		db.hurry()
	}
	db.hasty.Store(cfg.Listen == nil)
	if cfg.Python == nil {
		cfg.Python = func() *Python { return nil }
	}
	if cfg.Node == nil {
		cfg.Node = func() *Node { return nil }
	}
	cfg.Python, cfg.Node = sync.OnceValue(cfg.Python), sync.OnceValue(cfg.Node)
	s := &Server{cfg: cfg, db: db, operator: operator}
	s.dynamodb = &dynamodbService{Server: s}
	s.iam = &iamService{Server: s}
	s.lambda = newLambda(s)
	s.logs = &logsService{Server: s}
	s.metrics = &cloudwatchService{Server: s}
	s.services = s.register()
	for name, svc := range s.services {
		svc.table = svc.impl.operations()
		s.services[name] = svc
	}
	s.api = http.HandlerFunc(s.serveAPI)
	if cfg.Wrap != nil {
		s.api = cfg.Wrap(s.api)
	}
	return s, nil
}

// Close stops the functions, writes the metrics that wait and closes the store.
func (s *Server) Close() error {
	s.lambda.close()
	return errors.Join(s.metrics.close(), s.db.close())
}

// Calls returns the API calls since the server started, oldest first; of very
// many only the last.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// keptCalls is how many calls Calls remembers at least.
const keptCalls = 10_000

// record notes a call for Calls and OnCall. Calls of the learner's function are
// told but not kept: a busy API would fill the memory with them.
func (s *Server) record(c Call) {
	if !c.Function && c.Service != "url" {
		s.mu.Lock()
		s.calls = append(s.calls, c)
		if len(s.calls) > 2*keptCalls { // a load test makes millions
			s.calls = append(s.calls[:0], s.calls[len(s.calls)-keptCalls:]...)
		}
		s.mu.Unlock()
	}
	if s.cfg.OnCall != nil {
		s.cfg.OnCall(c)
	}
}

// endpoint is where the learner's function finds the API.
func (s *Server) endpoint() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host == "" {
		return "http://local.localhost"
	}
	return "http://" + s.host
}

func (s *Server) logf(format string, args ...any) {
	if s.cfg.Logf != nil {
		s.cfg.Logf(format, args...)
	}
}
