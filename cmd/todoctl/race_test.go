//go:build race

package main

// raced says that the race detector watches, which makes everything five times
// as slow.
const raced = true
