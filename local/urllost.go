package local

import (
	"time"

	"go.etcd.io/bbolt"
)

// A lostURL is the URL of a function that was deleted before it. "It is possible
// that the original function URL will be mapped to the new function instead of
// deleted", when one of the same name comes soon enough.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
type lostURL struct {
	URL     urlDoc
	Deleted time.Time
}

// keepURL remembers the URL of a function that is being deleted.
func (x *lambdaService) keepURL(tx *bbolt.Tx, d functionDoc) error {
	if d.URL == nil || x.cfg.Lags.URLDelete <= 0 {
		return nil
	}
	return put(tx, bucketLostURLs, d.key(), lostURL{URL: *d.URL, Deleted: x.cfg.Now()})
}

// lostURL takes the URL that the last function of this name has left; nil when
// there is none, or AWS has deleted it by now.
func (x *lambdaService) lostURL(tx *bbolt.Tx, r resource) (*urlDoc, error) {
	lost, ok, err := get[lostURL](tx, bucketLostURLs, r.key())
	if err != nil || !ok {
		return nil, err
	}
	if err := remove(tx, bucketLostURLs, r.key()); err != nil || !x.young(lost.Deleted, x.cfg.Lags.URLDelete) {
		return nil, err
	}
	return &lost.URL, nil
}

// reopen opens the URL that a new function has inherited, at its old address
// where that is still free.
func (x *lambdaService) reopen(d functionDoc) error {
	if d.URL == nil {
		return nil
	}
	return x.openURLs()
}
