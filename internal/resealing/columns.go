package resealing

// table is one that holds sealed values.
type table struct {
	name    string
	key     []string // its primary key
	columns []column
}

// column holds sealed values of one purpose, which is bound to each.
type column struct {
	name, purpose string
	prefix        string // of text that holds the sealed value in base64 after it; "" for bytes
	soon          bool   // values are gone within a day or so, and are left to it
}

// tables are all that hold sealed values. A test compares them with the schema.
var tables = []table{
	{"accounts", []string{"id"}, []column{{name: "phone_sealed", purpose: "phone"}, {name: "password_hash", purpose: "old_hash", prefix: "$old$"}}},
	{"registry_entries", []string{"id"}, []column{
		{name: "id_number_sealed", purpose: "id_number"},
		{name: "student_number_sealed", purpose: "student_number"},
		{name: "certificate_number_sealed", purpose: "certificate_number"},
	}},
	{"tickets", []string{"id"}, []column{{name: "sealed", purpose: "ticket"}, {name: "kept_sealed", purpose: "ticket"}, {name: "sides_sealed", purpose: "ticket"}}},
	{"sms_messages", []string{"id"}, []column{{name: "phone_sealed", purpose: "phone"}, {name: "content_sealed", purpose: "sms_content"}}},
	{"roster_rejects", []string{"import_id", "first_line"}, []column{{name: "sealed", purpose: "roster_rejects"}}},
	{"roster_traces", []string{"import_id", "id"}, []column{{name: "sealed", purpose: "roster_traces"}}},
	{"authenticators", []string{"account_id"}, []column{{name: "secret_sealed", purpose: "authenticator"}}},
	{"recoveries", []string{"id"}, []column{{name: "sealed", purpose: "recovery"}}},
	{"recovery_contacts", []string{"phone_index", "slot"}, []column{{name: "phone_sealed", purpose: "phone"}}},
	{"security_events", []string{"id"}, []column{{name: "phone_before_sealed", purpose: "phone"}}},
	{"freezes", []string{"account_id"}, []column{{name: "phone_sealed", purpose: "phone"}}},
	{"idempotency_keys", []string{"request_key"}, []column{{name: "answer", purpose: "idempotency", soon: true}}},
}
