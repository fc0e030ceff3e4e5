// Package sms sends text messages: verification codes under the rules of F-12 to F-14, and notices.
//
// It owns the tables sms_messages, sms_parts, sms_quotas and sms_segments. Its doors: [Service.SendCode],
// [Service.SendCodeWhenPossible] and [Service.Guess] for codes, [Service.Notify] for notices, [Service.Watch] for
// administrators, [ParsePhone] for what people type, [Gateway] for whoever carries the messages.
//
// A message is written in the transaction that wants it and handed to the gateway by a background job after the commit,
// so that nobody waits for a carrier and nothing is sent for what was rolled back.
package sms
