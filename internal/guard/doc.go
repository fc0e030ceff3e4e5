// Package guard slows down those who try too often, and locks nobody out (F-10). It counts what fails, and what may be
// meant to annoy others, per account, phone, address and network; asks for a captcha when a count is suspicious; and
// makes the next attempt wait when a count is too high. It knows nothing of what is being tried.
//
// The captcha is a proof of work: a number that a browser finds by itself within seconds, and that whoever wants to try
// ten thousand passwords has to find ten thousand times. Nobody has anything to read, hear or click, no third party is
// asked, and it comes only after suspicion.
//
// It owns the tables attempts (with what the rooms count there under keys of their own) and captchas.
package guard
