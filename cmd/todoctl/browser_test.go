//go:build !windows

package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The tests in a browser share one Chromium, started by the first of them and
// ended with all tests. Each has a tab of its own.
var chromium struct {
	once sync.Once
	ctx  context.Context
	err  error
}

// browserPatience is for one condition to come true, on a machine that is busy.
const browserPatience = 30 * time.Second

// openBrowser starts it, or skips the test where there is none.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("SKIPPED: no chromium, chromium-browser or google-chrome is on PATH, so nothing is tried in a browser")
	}
	chromium.once.Do(func() {
		dir, err := os.MkdirTemp("", "todoctl-chromium")
		if err != nil {
			chromium.err = err
			return
		}
		options := []chromedp.ExecAllocatorOption{
			chromedp.ExecPath(path), chromedp.UserDataDir(filepath.Join(dir, "profile")), chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
			chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
			chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "en-US"), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true),
			// Nothing but this machine can be reached, whatever a page asks for.
			chromedp.Flag("no-proxy-server", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
		}
		if os.Getuid() == 0 {
			options = append(options, chromedp.NoSandbox)
		}
		alloc, endAlloc := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, end := chromedp.NewContext(alloc)
		chromium.ctx, chromium.err = ctx, chromedp.Do(ctx)
		closeBrowser = func() {
			_ = chromedp.Cancel(ctx) // it is asked to end, and waited for
			end()
			endAlloc()
			_ = os.RemoveAll(dir)
		}
	})
	if chromium.err != nil {
		t.Fatalf("start %s: %v", path, chromium.err)
	}
	return chromium.ctx
}

// A tab is one page in the browser.
type tab struct {
	*testing.T
	ctx context.Context

	mu   sync.Mutex
	logs []string // errors and warnings of its console, in order
}

// A device is what a page is shown on.
type device struct {
	width, height int64
	dark          bool
	fine          bool // two dots a pixel, for pictures
}

var (
	desktop = device{width: 1280, height: 800}
	phone   = device{width: 360, height: 740}
)

func newTab(t *testing.T, on device) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(openBrowser(t))
	x := &tab{T: t, ctx: ctx}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // the tab is closed either way
		end()
	})
	if err := chromedp.Listen(ctx, x.hear); err != nil {
		t.Fatal(err)
	}
	scheme := map[bool]string{true: "dark", false: "light"}[on.dark]
	tell(x, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: on.width, Height: on.height, DeviceScaleFactor: map[bool]float64{true: 2, false: 1}[on.fine], Mobile: on.width < 500})
	tell(x, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	tell(x, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "UTC"})
	return x
}

// tell gives the tab a command of the browser's own protocol.
func tell[P, R any](x *tab, command cdp.Command[P, R], with P) R {
	x.Helper()
	return within(x, func(ctx context.Context) (R, error) { return chromedp.Call(ctx, command, with) })
}

// within runs something in the tab, with a limit.
func within[R any](x *tab, run func(context.Context) (R, error)) R {
	x.Helper()
	ctx, end := context.WithTimeout(x.ctx, browserPatience)
	defer end()
	got, err := run(ctx)
	if err != nil {
		x.Fatal(err)
	}
	return got
}

func (x *tab) hear(event any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			x.logs = append(x.logs, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		x.logs = append(x.logs, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	case *runtime.EventConsoleAPICalled:
		for _, a := range e.Args {
			x.logs = append(x.logs, string(a.Value))
		}
	}
}

// console is what the page's console has shown so far.
func (x *tab) console() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.logs)
}

// clean fails when the console has shown anything but what is expected: a request
// that was answered with an error shows there, and a breach of the policy too.
func (x *tab) clean(expected ...string) {
	x.Helper()
	for _, line := range x.console() {
		if !slices.ContainsFunc(expected, func(part string) bool { return strings.Contains(line, part) }) {
			x.Errorf("the console says: %s", line)
		}
	}
}

func (x *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	x.Helper()
	ctx, end := context.WithTimeout(x.ctx, browserPatience)
	defer end()
	if err := chromedp.Do(ctx, actions...); err != nil {
		x.Fatal(err)
	}
}

func (x *tab) visit(address string) {
	x.Helper()
	x.do(chromedp.Navigate(address))
}

// evaluated evaluates an expression in a tab's page, a promise too.
func evaluated[R any](x *tab, expression string) R {
	x.Helper()
	ctx, end := context.WithTimeout(x.ctx, browserPatience)
	defer end()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[R](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		x.Fatalf("%s: %v", expression, err)
	}
	return got
}

func (x *tab) text(expression string) string {
	x.Helper()
	return evaluated[string](x, "String("+expression+")")
}

// wait waits in the page until a condition holds.
func (x *tab) wait(condition string) {
	x.Helper()
	waiting := fmt.Sprintf(`new Promise((done) => {
		const holds = () => { try { return Boolean(%s) } catch { return false } };
		if (holds()) return done(true);
		const timer = setInterval(() => { if (holds()) { clearInterval(timer); done(true) } }, 15);
	})`, condition)
	ctx, end := context.WithTimeout(x.ctx, browserPatience)
	defer end()
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](waiting, chromedp.EvalAwaitPromise)); err != nil {
		x.Fatalf("it never came true that %s: %v\nThe page shows:\n%s\nconsole: %q", condition, err, x.text("document.body.innerText"), x.console())
	}
}

// click clicks with the mouse at the middle of an element, given as an expression.
func (x *tab) click(element string) {
	x.Helper()
	at := evaluated[struct{ X, Y float64 }](x, fmt.Sprintf(`(() => {
		const e = %s;
		e.scrollIntoView({ block: "center", behavior: "instant" });
		const r = e.getBoundingClientRect();
		return { X: r.x + r.width / 2, Y: r.y + r.height / 2 };
	})()`, element))
	x.do(chromedp.MouseClickXY(math.Round(at.X), math.Round(at.Y)))
}

// press presses keys, or types text.
func (x *tab) press(keys string) {
	x.Helper()
	x.do(chromedp.KeyEvent(keys))
}

// offline takes the network away from the page, or gives it back.
func (x *tab) offline(is bool) {
	x.Helper()
	tell(x, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{URLPattern: "", Offline: is, DownloadThroughput: -1, UploadThroughput: -1}},
	})
	tell(x, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: is, DownloadThroughput: -1, UploadThroughput: -1})
}

// shot is what the page looks like.
func (x *tab) shot() []byte {
	x.Helper()
	return within(x, func(ctx context.Context) ([]byte, error) { return chromedp.Run(ctx, chromedp.CaptureScreenshot()) })
}
