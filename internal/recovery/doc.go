// Package recovery gives people back an account that they lost (F-08): neither the username nor the phone is at hand.
//
// Whoever asks proves a contact phone by a code, says who they are, and chooses what shows it. Better: the school, which
// knows its people, vouches for them, and nothing is sent. Or: copies of two documents, which customer service looks at.
//
// It owns recoveries (requests), open_recoveries, recovery_copies and recovery_looks, and promises:
//
//   - No answer tells whether the registry knows the person, or whether they have an account, before somebody decided; nor
//     does its time (F-11).
//   - The tracking number is all that it takes to see how far a request is, to add copies and to withdraw it. The account
//     is given back only to whoever also has the contact phone.
//   - Whose account is asked for hears of it as soon as somebody is to decide: when the request is filed, or when its copies are handed
//     in. Of all who ask within a day they hear once, unless they have answered in between. They hear again when one is approved.
//   - "This was not me" to either, by its link or with the password within the account, freezes the account, and what it told of is
//     not given back: the requests that came before the answer and that it told of, and no other. Whoever asked then reads that it was
//     stopped, and nothing of the account.
//   - Copies are taken for what they are by content, never by name; pictures are decoded and written anew, without what
//     else lay in the file. They are sealed, shown to those who decide alone, each look recorded, and removed 30 days
//     after the decision, or at once when the request ends without one.
//   - Nobody approves by copies without having opened each of them.
//   - What nobody decides in time is handed up, once, to whoever stands above the school or customer service; both are told.
//   - Of two who decide at once, one does and the other is told.
//   - Nobody gives away an account that administers more than they do.
package recovery
