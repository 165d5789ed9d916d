package local

import (
	"bytes"
	"math/bits"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A replica answers reads with what it has answered to the same read before, for
// as long as Lags.Replica says that it may not know better: the copies of an
// eventually consistent service, of which one is behind. What shows may so be
// gone in the next read, and what is deleted be there again.
type replica struct {
	mu      sync.Mutex
	reads   uint               // of those that it may answer
	answers map[string]*memory // by what was asked
	written int                // writes so far
}

// A memory is what was answered to one read last, and before that.
type memory struct {
	now, before response
	until       time.Time // when now has stopped to be true; zero: it may be true
	ended       time.Time // when before has
}

// settled are the reads that AWS answers as it is at once, or that no copy has.
var settled = []string{"sts", "freetier"}

// strong are the reads of items, and of a log, whose lines have a lag of their own.
var strong = []string{
	"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "GetLogEvents", "FilterLogEvents", "GetMetricStatistics",
}

// replicated says that reads of this kind come from copies.
func (s *Server) replicated(call *Call) bool {
	return s.cfg.Lags.Replica > 0 && !call.Write && !call.Function &&
		!slices.Contains(settled, call.Service) && !slices.Contains(strong, call.Operation)
}

// through answers a call by do, or with what a copy that is behind still says.
// Which of the two follows a sequence without a period (Thue and Morse's), so
// that no caller's rhythm meets the same copy each time.
func (p *replica) through(s *Server, call *Call, r *http.Request, body []byte, requestID string, do func() response) response {
	if s.cfg.Lags.Replica == 0 {
		return do()
	}
	if !s.replicated(call) {
		if call.Write {
			p.end(s.cfg.Now())
		}
		return do()
	}
	asked := call.Service + " " + call.Region + " " + call.Operation + " " + r.URL.RequestURI() + " " + string(body)
	if old, ok := p.recall(asked, s.cfg.Now().Add(-s.cfg.Lags.Replica)); ok {
		old.body = bytes.ReplaceAll(old.body, []byte(idPlace), []byte(requestID))
		return old
	}
	p.mu.Lock()
	written := p.written
	p.mu.Unlock()
	res := do()
	kept := res
	kept.header = res.header.Clone()
	kept.body = bytes.ReplaceAll(res.body, []byte(requestID), []byte(idPlace))
	p.note(asked, kept, s.cfg.Now(), written)
	return res
}

// idPlace stands for the request's ID in the body of an answer that is kept.
const idPlace = "{request}"

// end notes that a write comes: what was answered before may not be true after it.
func (p *replica) end(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written++
	for _, a := range p.answers {
		if a.until.IsZero() {
			a.until = now
		}
	}
}

// recall is what a copy says that knows nothing of what came after then.
func (p *replica) recall(asked string, then time.Time) (response, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reads++
	a := p.answers[asked]
	if a == nil || bits.OnesCount(p.reads)%2 == 0 {
		return response{}, false
	}
	switch {
	case a.ended.After(then):
		return a.before, true
	case a.until.After(then):
		return a.now, true
	}
	return response{}, false
}

// note keeps an answer that was asked for after so many writes.
func (p *replica) note(asked string, res response, now time.Time, written int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answers == nil {
		p.answers = map[string]*memory{}
	}
	a := p.answers[asked]
	if a == nil {
		a = &memory{now: res}
		p.answers[asked] = a
	}
	if a.now.status != res.status || !bytes.Equal(a.now.body, res.body) {
		a.before, a.ended = a.now, a.until
		if a.ended.IsZero() { // time alone has changed it
			a.ended = now
		}
	}
	a.now, a.until = res, time.Time{}
	if written != p.written {
		a.until = now
	}
}
