// Package spaces shows people what is theirs: who they are, their school and class, with whom, what to do next; and
// administrators how their scope stands. It owns no data and changes nothing.
package spaces
