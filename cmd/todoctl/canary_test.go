package main

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// A person's credentials as AWS makes them, and her address; nobody's. Where one shows,
// a secret has got out.
const (
	personKey    = "AKIAPERSONCANARY2345"
	personSecret = "cAnArYsEcReT0123/456+789abcdefghijklmnop"
	personToken  = "IQoJb3JpZ2luX2VjCANARYTOKENx0123456789abcdefghijklmnopqrstuvwxyz/ABCDEFGHIJKLMNOPQRSTUVWXYZ+0123456789abcdefghijk=="
	personEmail  = "canary.person@canary.example"
)

// canaries are her credentials in the environment.
var canaries = map[string]string{"AWS_ACCESS_KEY_ID": personKey, "AWS_SECRET_ACCESS_KEY": personSecret, "AWS_SESSION_TOKEN": personToken}

// forms are the ways in which a secret may show.
func forms(secret string) []string {
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
		base64.URLEncoding.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(secret)),
		strings.NewReplacer("+", "%2b", "/", "%2f", "=", "%3d", "@", "%40").Replace(secret), // as some programs write it
	}
}

// leaks looks for the person's secrets in a text.
func leaks(text string, secrets ...string) (found []string) {
	for _, secret := range secrets {
		for _, form := range forms(secret) {
			if strings.Contains(text, form) {
				found = append(found, form)
			}
		}
	}
	return found
}

// gossip is an error message that repeats all that it has heard.
func gossip() string {
	var words []string
	for _, secret := range []string{personKey, personSecret, personToken, personEmail} {
		words = append(words, forms(secret)...)
	}
	return "The caller sent " + strings.Join(words, " and ") + ", key=" + personSecret + "&token=" + personToken + "."
}
