package sms

// Deliver runs the job of one message, so that a test decides when it runs and which attempt it is.
var Deliver = (*Service).deliver

// Take is what a carrier's report reaches, and Inquire one round of asking, so that a test decides when they happen.
var (
	Take    = (*Service).take
	Inquire = (*Service).inquire
)

// Release is one round of sending what waits for a gateway.
var Release = (*Service).release
