// Package support keeps the requests that a school's administrator must answer, each with the button that settles it: a
// person who is missing in the registry (F-17), a class that is missing (F-18), an entry that somebody else holds (F-15), an
// entry that says something wrong about its person, an account that its owner has frozen, which is the province's to answer
// where no school is.
//
// It owns tickets, ticket_steps and waiting_claims, and promises:
//
//   - What was asked for is sealed at rest and shown masked; in full, on record, to the school, and to whoever is above it while the ticket
//     is theirs to answer.
//   - An account has at most three open tickets, and one of a kind at a school.
//   - Completing a ticket does all that was asked for in one transaction, or nothing. Of two administrators who answer one
//     ticket at once, one does and the other is told.
//   - Whoever asked is told by SMS, and so is whoever loses a binding by the answer.
//   - A ticket has an owner and a due time in working days; whoever asked sees both. What is not answered by then is handed up
//     to the next level that somebody administers, and both sides are told, once a level.
//   - Whose a ticket was, one after the other, and why, is read by whoever asked and whoever answers; it names offices, never people.
//   - Customer service reads what people ask, masked, writes to whoever asked and hands on; it settles nothing, and sees nothing of
//     the registry.
//   - A case, somebody's request for an entry that another account holds, is the holder's to answer, too; nothing is taken
//     before it is decided, against a holder who has not answered only knowingly; what was weighed stays with it; whoever loses may take it once to the level above whoever decided (F-15).
//   - Whoever is missing in the registry is verified by itself once it has them, whoever adds them and wherever, and the
//     ticket leaves the school's queue (F-17).
//
// Doors for other rooms: [Service.OpenOf], [Service.CasesAgainst], [Service.LostCase], [Service.OpenIn], [Service.AllOf], [Service.HoldAll], [Service.Anonymise], [Service.Succeed], [Service.PassOn],
// [Service.Desk], [Service.DeskCounts]; [Service.MatchClaims] and [Service.Sweep] for housekeeping.
package support
