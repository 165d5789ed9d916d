// Package local is AWS on this machine: one HTTP server that speaks the wire
// protocols of the services that todoctl uses, keeps everything in one bbolt
// file with a journal beside it, and runs the learner's function for real.
//
// It answers as AWS does, the awkward sides included. Three rules hold:
//
//   - What it does not implement it refuses by name (501), never with a silent
//     success.
//   - It knows nothing of todoctl's walkthrough: any AWS SDK may talk to it.
//   - It has no clock and no environment of its own: Config brings both, so a
//     test turns the clock by hand. A state that takes time on AWS ("CREATING")
//     is computed from stored times when somebody looks, never by a timer.
//
// How a call travels: Server.ServeHTTP checks where it comes from, reads the
// service and the Region from the SigV4 credential scope (route.go), decodes
// the body into the SDK's own Input type (decode.go), calls the method of that
// name on the service (iam.go, lambda.go, ...), and encodes the SDK's own
// Output type in the protocol the caller spoke (encode.go).
package local
