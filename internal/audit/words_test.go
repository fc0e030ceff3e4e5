package audit

import (
	"testing"

	"caotang/internal/messages"
)

func TestARecordReadsWellHoweverLittleItSays(t *testing.T) {
	for _, c := range []struct {
		language, action string
		details          map[string]any
		want             string
	}{
		{messages.Chinese, "class.teachers", map[string]any{"class": "七年级2班", "masked_names": "王*师 李*"}, "调整了班级 七年级2班 的任课教师：王*师、李*"},
		{messages.Chinese, "class.teachers", map[string]any{"class": "七年级2班"}, "调整了班级 七年级2班 的任课教师"},
		{messages.English, "class.teachers", map[string]any{"class": "七年级2班"}, "Changed the teachers of Grade 7, class 2"},
		{messages.English, "class.delete", map[string]any{"class": "2019级3班"}, "Deleted class 3 (entered 2019)"},
		{messages.English, "class.delete", map[string]any{"class": "大2班"}, "Deleted Kindergarten upper year, class 2"},
		{messages.English, "class.delete", map[string]any{"class": "火箭班"}, "Deleted 火箭班"},
		{messages.English, "class.delete", map[string]any{"class": "级1班"}, "Deleted 级1班"},
		{messages.Chinese, "registry.set_class", map[string]any{"class_id": "x"}, "选定了学生的班级"},
		{messages.Chinese, "consent.say", map[string]any{"decision": "withdrawn", "purpose": "third_party_apps"}, "监护人撤回同意：使用第三方应用"},
		{messages.English, "consent.say", map[string]any{"decision": "given", "purpose": "space_beyond_class"}, "A guardian said yes: showing the child's space beyond the class"},
		{messages.Chinese, "account.replace_phone", nil, "更换了账号的手机号"},
		{messages.Chinese, "account.replace_phone", map[string]any{"masked_phone": "138****0001"}, "更换了账号的手机号：138****0001"},
	} {
		e := Entry{Action: c.action, Details: c.details}
		if e.word(c.language); e.What != c.want {
			t.Errorf("%s %v: %q, want %q", c.action, c.details, e.What, c.want)
		}
	}
}
