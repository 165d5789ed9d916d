package local

import (
	"bytes"
	"math/bits"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A replica answers reads with what was true until some time ago, as long as
// Lags.Replica says: the copies of an eventually consistent service, of which one is
// behind. What shows may so be gone in the next read, and what is deleted be there
// again.
//
// It knows of the reads that were made before: each is asked anew whenever something
// is written, so that it knows what each said until then. What time changes it takes
// for as old as it can be: a copy is never further behind than the lag.
type replica struct {
	mu      sync.Mutex
	reads   uint               // of those that it may answer
	answers map[string]*memory // by what was asked
	written int                // writes so far, each counted before and after
}

// A memory is what one read is answered, and was before that changed last.
type memory struct {
	ask         func() response
	now, before response
	asked       time.Time // when it was last found to be so
	changed     time.Time // at the earliest: when it was last found to be otherwise
}

// unlagged are the services whose reads AWS answers as things are, or that have
// nothing which a person writes.
var unlagged = []string{"sts", "freetier"}

// strong are the reads of items, and those of log lines and metrics, which have lags
// of their own.
var strong = []string{
	"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "GetLogEvents", "FilterLogEvents", "GetMetricStatistics",
}

// through answers a call by do, or with what a copy that is behind still says.
// Which of the two follows a sequence without a period (Thue and Morse's), so
// that no caller's rhythm meets the same copy each time.
func (p *replica) through(s *Server, call *Call, r *http.Request, body []byte, requestID string, do func() response) response {
	switch {
	case s.cfg.Lags.Replica == 0, call.Function, slices.Contains(unlagged, call.Service), slices.Contains(strong, call.Operation):
		return do()
	case call.Write:
		p.refresh(s.cfg.Now())
		defer func() { p.refresh(s.cfg.Now()) }()
		return do()
	}
	asked := call.Service + " " + call.Region + " " + call.Operation + " " + r.URL.RequestURI() + " " + string(body)
	old, stale, written := p.recall(asked, s.cfg.Now().Add(-s.cfg.Lags.Replica))
	if stale {
		old.body = bytes.ReplaceAll(old.body, []byte(idPlace), []byte(requestID))
		return old
	}
	ask := func() response {
		res := do()
		res.header, res.body = res.header.Clone(), bytes.ReplaceAll(res.body, []byte(requestID), []byte(idPlace))
		return res
	}
	res := ask()
	p.note(asked, ask, res, s.cfg.Now(), written)
	res.body = bytes.ReplaceAll(res.body, []byte(idPlace), []byte(requestID))
	return res
}

// idPlace stands for the request's ID in the body of an answer that is kept.
const idPlace = "{request}"

// refresh asks everything anew, right before and right after a write.
func (p *replica) refresh(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written++
	for _, m := range p.answers {
		m.learn(m.ask(), now)
	}
}

// learn takes in what is true now.
func (m *memory) learn(res response, now time.Time) {
	if m.now.status != res.status || !bytes.Equal(m.now.body, res.body) {
		m.now, m.before, m.changed = res, m.now, m.asked
	}
	m.asked = now
}

// recall is what a copy says that knows nothing of what came after then, and how many
// writes there were.
func (p *replica) recall(asked string, then time.Time) (old response, stale bool, written int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reads++
	m := p.answers[asked]
	if m == nil || bits.OnesCount(p.reads)%2 == 0 || !m.changed.After(then) {
		return response{}, false, p.written
	}
	return m.before, true, p.written
}

// note keeps an answer that was asked for after so many writes. One that a write may
// have overtaken says nothing.
func (p *replica) note(asked string, ask func() response, res response, now time.Time, written int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if written != p.written {
		return
	}
	if m := p.answers[asked]; m != nil {
		m.learn(res, now)
		return
	}
	if p.answers == nil {
		p.answers = map[string]*memory{}
	}
	p.answers[asked] = &memory{ask: ask, now: res, asked: now}
}
