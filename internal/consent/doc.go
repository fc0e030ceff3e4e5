// Package consent is the room of what goes beyond schooling, and takes the consent of a guardian for a pupil under fourteen.
//
// It owns consent_records and consent_links, and the texts. It promises:
//
//   - Nothing of schooling ever asks for it: [Service.Given] is for rooms that show or hand on something beyond the class.
//   - Each record holds the version of the text and its hash, the purpose, when, by what channel and who; none is changed, and the
//     latest stands. A new version of a text asks again; what was said to the one before is kept, and counts no more.
//   - It is asked for in the guardian's space, by a link that comes by SMS, works once and ends after a week, and on the child's slip; and
//     withdrawn as easily, at any time.
//   - As long as a child has a confirmed guardian, guardians alone answer, by what is theirs: their space, or the link to their phone.
//     The slip is handed to the child, and shows nobody's custody by itself: it answers for children without any confirmed guardian,
//     shows what stands where there is one, and cannot say over a guardian. What it said before stands until a guardian, who sees that it
//     was said by slip, says otherwise. The slip also confirms a guardian at once (package guardians), who may answer then: whoever
//     else is a guardian is told when that changes an answer.
//   - Of what two guardians say the latest stands, and all the others are told by SMS when one changes what another said.
//   - What a guardian gave counts as long as they are one: with the end of custody it ends.
//   - The school and the class teacher see how many, and what stands for whom, to which version, since when and by what channel; they
//     never force it, and remind each guardian once a week at most.
//
// Door for other rooms: [Service.Given].
package consent
