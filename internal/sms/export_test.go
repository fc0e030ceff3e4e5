package sms

// Deliver runs the job of one message, so that a test decides when it runs and which attempt it is.
var Deliver = (*Service).deliver
