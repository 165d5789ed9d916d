package twin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// An impatient transport gives up a request when nothing has come back for maxSilence.
type impatient struct{ http.RoundTripper }

// errSilence is a net.Error, which the SDK takes for one that may pass.
type errSilence struct{}

func (errSilence) Error() string { return "no answer within " + maxSilence.String() }
func (errSilence) Timeout() bool { return true }

func (errSilence) Temporary() bool { return true }

func (l impatient) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, giveUp := context.WithCancelCause(r.Context())
	alarm := time.AfterFunc(maxSilence, func() { giveUp(errSilence{}) })
	res, err := l.RoundTripper.RoundTrip(r.WithContext(ctx))
	if err != nil {
		alarm.Stop()
		giveUp(nil)
		return nil, cause(ctx, err)
	}
	alarm.Reset(maxSilence)
	res.Body = &heard{res.Body, ctx, alarm, giveUp}
	return res, nil
}

// A heard is an answer's body. Each part of it that comes ends the silence.
type heard struct {
	io.ReadCloser
	ctx    context.Context
	alarm  *time.Timer
	giveUp context.CancelCauseFunc
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	h.alarm.Reset(maxSilence)
	if err != nil && !errors.Is(err, io.EOF) {
		err = cause(h.ctx, err)
	}
	return n, err
}

func (h *heard) Close() error {
	h.alarm.Stop()
	err := h.ReadCloser.Close()
	h.giveUp(nil)
	return err
}

// cause is errSilence when that is what ended a request, else its error.
func cause(ctx context.Context, err error) error {
	if silence := (errSilence{}); errors.As(context.Cause(ctx), &silence) {
		return silence
	}
	return err
}
