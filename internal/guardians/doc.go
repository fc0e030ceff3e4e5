// Package guardians is the room of who may say that somebody is a pupil's guardian, and that they no longer are (F-21).
//
// It owns no table: requests and links are verification's. It promises:
//
//   - Whoever asks knows the child's ID or student number and name; that alone opens nothing. Until somebody who knows the family
//     confirms it, the guardian sees that the request waits, since when and until when, and nothing of the child, not even the school.
//   - It is confirmed by the child's slip at once, for the school handed it to the family; by the class teacher; by an administrator
//     of the school or above; or by the child, who from fourteen on decides about their own data. Nobody else can tell that it is there.
//   - What the school declined or ended, the school alone confirms again.
//   - One outcome: of any number who decide, withdraw or end it at once one is right, and the others are told.
//   - A guardian may go at any time; the school ends a link with a reason, recorded and told to both sides.
package guardians
