package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// The local DynamoDB's limits, in operations a second; writes are on disk when
// they are answered.
const (
	putLimit  = 15_000
	scanLimit = 5_000
)

// result is a line of `go test -bench`: name, runs, nanoseconds a run.
var result = regexp.MustCompile(`(?m)^Benchmark(\w+?)(?:-\d+)?\s+\d+\s+([0-9.]+) ns/op`)

// items runs the benchmarks of package local.
func (b *bench) items(ctx context.Context, t *table) error {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(PutItem8Clients|Scan100)$", "-benchtime", "2s", "./local").CombinedOutput()
	if err != nil {
		return fmt.Errorf("go test -bench ./local: %w: %s", err, firstError(out))
	}
	persecond := map[string]float64{}
	for _, m := range result.FindAllStringSubmatch(string(out), -1) {
		ns, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return err
		}
		persecond[m[1]] = 1e9 / ns
	}
	if len(persecond) != 2 {
		return errors.New("go test -bench ./local printed other benchmarks")
	}
	put, scan := persecond["PutItem8Clients"], persecond["Scan100"]
	t.check("PutItem with 8 clients, durable", rate(put), ">= 15,000/s", put >= putLimit)
	t.check("Scan of 100 items with one client", rate(scan), ">= 5,000/s", scan >= scanLimit)
	return nil
}

// rate writes operations a second with a comma between the thousands.
func rate(perSecond float64) string {
	n := int(perSecond)
	if n < 1000 {
		return fmt.Sprintf("%d/s", n)
	}
	return fmt.Sprintf("%d,%03d/s", n/1000, n%1000)
}
