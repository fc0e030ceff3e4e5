package lookup

import (
	"encoding/hex"
	"fmt"
	"strings"

	"caotang/internal/vault"
)

// Column holds indexes.
type Column struct {
	Table, Name string
	Key         []string // the table's primary key
	Prefix      string   // of text that holds an index in hexadecimal digits after it; "" for bytes

	// Where several columns hold the same values and are joined by them, all change in one transaction: how the values are
	// found, for a list of arguments, and what moves $2 to $1. Entries are taken first, as whoever changes one does.
	find  string
	moves []string
}

// The columns that are claimed before they are written.
var (
	Documents = &Column{
		Table: "documents", Name: "document_index", Key: []string{"document_index"},
		find: `SELECT document_index FROM documents WHERE document_index IN (%[1]s) UNION SELECT document_index FROM waiting_claims WHERE document_index IN (%[1]s)`,
		moves: []string{
			`UPDATE registry_entries SET document_index = $1 WHERE document_index = $2 AND id = (SELECT entry_id FROM documents WHERE document_index = $2)`,
			`UPDATE documents SET document_index = $1 WHERE document_index = $2`,
			`UPDATE waiting_claims SET document_index = $1 WHERE document_index = $2`,
		},
	}
	Logins         = &Column{Table: "logins", Name: "login_key", Key: []string{"login_key"}, Prefix: "p:"}
	Contacts       = &Column{Table: "recovery_contacts", Name: "phone_index", Key: []string{"phone_index", "slot"}}
	Quotas         = &Column{Table: "sms_quotas", Name: "phone_index", Key: []string{"phone_index"}}
	Messages       = &Column{Table: "sms_messages", Name: "phone_index", Key: []string{"id"}}
	OpenRecoveries = &Column{Table: "open_recoveries", Name: "phone_index", Key: []string{"phone_index"}}
	Requests       = &Column{Table: "idempotency_keys", Name: "request_key", Key: []string{"request_key"}}
)

// Columns are all that hold indexes. A test compares them with the schema.
//
// Two kinds of values are not among them, for they are gone soon: what is counted of failed attempts, whose keys hold an index
// (attempts), begins anew when the key before is retired, and is forgotten within a day; a captcha that was given out by the
// key before is given out anew.
var Columns = []*Column{
	{Table: "registry_entries", Name: "document_index", Key: []string{"id"}, find: Documents.find, moves: Documents.moves},
	Documents,
	{Table: "waiting_claims", Name: "document_index", Key: []string{"ticket_id"}, find: Documents.find, moves: Documents.moves},
	Logins,
	Contacts,
	{Table: "freezes", Name: "phone_index", Key: []string{"account_id"}},
	Quotas,
	Messages,
	{Table: "sms_messages", Name: "code_hash", Key: []string{"id"}},
	OpenRecoveries,
	{Table: "recoveries", Name: "number_index", Key: []string{"id"}},
	{Table: "recoveries", Name: "person_index", Key: []string{"id"}},
	{Table: "recoveries", Name: "phone_index", Key: []string{"id"}},
	{Table: "activation_slips", Name: "code_index", Key: []string{"entry_id"}},
	{Table: "recovery_codes", Name: "code_index", Key: []string{"account_id", "code_index"}},
	Requests,
	{Table: "idempotency_keys", Name: "body_hash", Key: []string{"request_key"}},
}

// Before is the condition that a row holds a value of the key before another, and its arguments.
func (c *Column) Before(number byte) (condition string, args []any) {
	before := number - 1
	if c.Prefix != "" {
		text := c.Prefix
		size := len(c.Prefix) + hex.EncodedLen(vault.IndexSize(before))
		if before > 1 {
			text += hex.EncodeToString([]byte{before})
		}
		return fmt.Sprintf("length(%[1]s) = %[2]d AND substr(%[1]s, 1, %[3]d) = $1", c.Name, size, len(text)), []any{text}
	}
	condition = fmt.Sprintf("length(%s) = %d", c.Name, vault.IndexSize(before))
	if before > 1 {
		return condition + " AND substr(" + c.Name + ", 1, 1) = $1", []any{[]byte{before}}
	}
	return condition, nil
}

// String is TABLE.COLUMN.
func (c *Column) String() string { return c.Table + "." + c.Name }

// Stored is an index as the column holds it.
func (c *Column) Stored(index []byte) any {
	if c.Prefix == "" {
		return index
	}
	return c.Prefix + hex.EncodeToString(index)
}

// Read reads an index from a value of the column; nil where it holds none.
func (c *Column) Read(value any) []byte {
	index, _ := value.([]byte)
	if c.Prefix != "" {
		text, is := value.(string)
		if !is {
			text = string(index)
		}
		encoded, is := strings.CutPrefix(text, c.Prefix)
		if !is {
			return nil
		}
		index, _ = hex.DecodeString(encoded) // none, where it is damaged
	}
	if vault.IndexKey(index) == 0 {
		return nil
	}
	return index
}
