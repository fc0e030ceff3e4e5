// Package owndata shows a person everything that the platform holds about them, hands it over as one file, and lets go of it
// when they close their account.
//
// It owns no table; it gathers from the other rooms and, for an account whose wait is over, takes everything personal out of
// them in one transaction. It promises:
//
//   - What concerns a person is shown to nobody else. A child's guardian sees the child's entry masked, as everywhere.
//   - The file holds the person's own numbers in full, for they are theirs, and nobody else's; it is made for whoever knows
//     the password, on request, and each making is recorded.
//   - Closing is all or nothing for each account, and goes on where it stopped: an account is due until it is closed.
//   - The school's entry stays, and is free for another account.
package owndata
