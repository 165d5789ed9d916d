package local

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// bucketMetrics holds the data of metrics, one document per series and hour.
const bucketMetrics = "cloudwatch.metrics"

// A series is one metric with one set of dimensions, in one unit.
type series struct {
	region, namespace, metric string
	dimensions                string // as canonical writes them
	unit                      string
}

// A point is the minute of a series that a datum stands for.
type point struct {
	series
	minute int64 // since 1970
}

// A datum is all values of one minute, as far as the five plain statistics need
// them.
type datum struct{ Sum, Count, Min, Max float64 }

func (d datum) and(e datum) datum {
	if d.Count == 0 {
		return e
	}
	return datum{d.Sum + e.Sum, d.Count + e.Count, min(d.Min, e.Min), max(d.Max, e.Max)}
}

// An hourDoc is an hour of a series as it is kept, by the minute of the hour.
type hourDoc struct{ Minutes map[int]datum }

// An aggregator collects data in memory: a datum is counted for every item
// operation, and an fsync for each would be far too slow. They are written when
// one comes and the last writing was flushEvery ago, before anybody reads, and
// at close. There is no timer, so a killed server forgets what came within
// flushEvery of its last writing and nothing else.
type aggregator struct {
	mu      sync.Mutex
	pending map[point]datum
	flushed time.Time // when the last writing began
	work    sync.WaitGroup
	closed  bool

	flushing sync.Mutex // so that a reader sees what another flush has taken
}

const flushEvery = time.Second

// add counts one value at this moment.
func (x *cloudwatchService) add(region, namespace, metric string, dimensions map[string]string, unit string, value float64) {
	x.addAt(series{region, namespace, metric, canonical(dimensions), unit}, x.cfg.Now(), datum{value, 1, value, value})
}

func (x *cloudwatchService) addAt(s series, at time.Time, d datum) {
	if s.unit == "" {
		s.unit = "None"
	}
	p, now := point{s, at.Unix() / 60}, x.cfg.Now()
	a := &x.data
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending == nil {
		a.pending = map[point]datum{}
	}
	a.pending[p] = a.pending[p].and(d)
	if a.closed || now.Sub(a.flushed) < flushEvery {
		return
	}
	a.flushed = now
	a.work.Go(func() {
		if err := x.flush(); err != nil {
			x.logf("write metrics: %v", err)
		}
	})
}

// flush writes what is pending. What could not be written stays pending.
func (x *cloudwatchService) flush() error {
	a := &x.data
	a.flushing.Lock()
	defer a.flushing.Unlock()
	a.mu.Lock()
	taken := a.pending
	a.pending = nil
	a.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	err := x.db.update(func(tx *bbolt.Tx) error { return writeData(tx, taken) })
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.pending == nil {
			a.pending = map[point]datum{}
		}
		for p, d := range taken {
			a.pending[p] = d.and(a.pending[p])
		}
	}
	return err
}

// writeData adds data to the documents of their hours.
func writeData(tx *bbolt.Tx, data map[point]datum) error {
	hours := map[string]hourDoc{}
	for p, d := range data {
		k := p.hourKey(p.minute / 60)
		doc, ok := hours[k]
		if !ok {
			var err error
			if doc, _, err = get[hourDoc](tx, bucketMetrics, k); err != nil {
				return err
			}
			if doc.Minutes == nil {
				doc.Minutes = map[int]datum{}
			}
			hours[k] = doc
		}
		minute := int(p.minute % 60)
		doc.Minutes[minute] = doc.Minutes[minute].and(d)
	}
	for k, doc := range hours {
		if err := put(tx, bucketMetrics, k, doc); err != nil {
			return err
		}
	}
	return nil
}

// close writes what is pending. What comes later is forgotten.
func (x *cloudwatchService) close() error {
	x.data.mu.Lock()
	x.data.closed = true
	x.data.mu.Unlock()
	x.data.work.Wait()
	return x.flush()
}

// points walks the data of a series in [since, until), oldest first.
func (x *cloudwatchService) points(s series, since, until time.Time, yield func(at time.Time, d datum)) error {
	if err := x.flush(); err != nil {
		return err
	}
	first, last := since.Unix()/60, (until.Unix()+59)/60
	return x.db.view(func(tx *bbolt.Tx) error {
		for hour := first / 60; hour*60 < last; hour++ {
			doc, _, err := get[hourDoc](tx, bucketMetrics, s.hourKey(hour))
			if err != nil {
				return err
			}
			for _, minute := range slices.Sorted(maps.Keys(doc.Minutes)) {
				if m := hour*60 + int64(minute); m >= first && m < last {
					yield(time.Unix(m*60, 0).UTC(), doc.Minutes[minute])
				}
			}
		}
		return nil
	})
}

// known lists the series of a Region whose name (namespace, metric, dimensions
// and unit, with \x00 between) begins with prefix; those of all Regions for no
// Region.
func (x *cloudwatchService) known(region, prefix string) ([]series, error) {
	if err := x.flush(); err != nil {
		return nil, err
	}
	var all []series
	err := x.db.view(func(tx *bbolt.Tx) error {
		all = nil
		b := tx.Bucket([]byte(bucketMetrics))
		if b == nil {
			return nil
		}
		c := b.Cursor()
		begin := ""
		if region != "" {
			begin = key(region, prefix)
		}
		for k, _ := c.Seek([]byte(begin)); k != nil && strings.HasPrefix(string(k), begin); {
			name := string(k[:len(k)-8])
			in, rest, _ := strings.Cut(name, "/")
			parts := strings.Split(rest, "\x00")
			all = append(all, series{in, parts[0], parts[1], parts[2], parts[3]})
			k, _ = c.Seek([]byte(name + "\xff")) // over the other hours of the series
		}
		return nil
	})
	return all, err
}

// hourKey is the key of the document of an hour, counted since 1970.
func (s series) hourKey(hour int64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(max(hour, 0)))
	return key(s.region, strings.Join([]string{s.namespace, s.metric, s.dimensions, s.unit, string(b[:])}, "\x00"))
}

// canonical writes dimensions in one way only: by name.
func canonical(dimensions map[string]string) string {
	var b strings.Builder
	for _, name := range sortedKeys(dimensions) {
		if b.Len() > 0 {
			b.WriteByte(1)
		}
		b.WriteString(name)
		b.WriteByte(2)
		b.WriteString(dimensions[name])
	}
	return b.String()
}

// parseCanonical is the inverse of canonical.
func parseCanonical(text string) map[string]string {
	dimensions := map[string]string{}
	for pair := range strings.SplitSeq(text, "\x01") {
		if name, value, ok := strings.Cut(pair, "\x02"); ok {
			dimensions[name] = value
		}
	}
	return dimensions
}
