package sms

import (
	"strings"

	"caotang/internal/messages"
)

// englishProvinces are the provinces by the names that tell them apart.
var englishProvinces = map[string]string{
	"北京": "Beijing", "天津": "Tianjin", "河北": "Hebei", "山西": "Shanxi", "内蒙古": "Inner Mongolia", "辽宁": "Liaoning", "吉林": "Jilin",
	"黑龙江": "Heilongjiang", "上海": "Shanghai", "江苏": "Jiangsu", "浙江": "Zhejiang", "安徽": "Anhui", "福建": "Fujian", "江西": "Jiangxi",
	"山东": "Shandong", "河南": "Henan", "湖北": "Hubei", "湖南": "Hunan", "广东": "Guangdong", "广西": "Guangxi", "海南": "Hainan",
	"重庆": "Chongqing", "四川": "Sichuan", "贵州": "Guizhou", "云南": "Yunnan", "西藏": "Tibet", "陕西": "Shaanxi", "甘肃": "Gansu",
	"青海": "Qinghai", "宁夏": "Ningxia", "新疆": "Xinjiang", "台湾": "Taiwan", "香港": "Hong Kong", "澳门": "Macao",
}

// EnglishProvince names a province, as 四川 or 四川省, in English; one that it does not know stays as it is.
func EnglishProvince(name string) string {
	for chinese, english := range englishProvinces {
		if strings.HasPrefix(name, chinese) {
			return english
		}
	}
	return name
}

// provinces are names in a message, in the language of its reader.
type provinces []string

// In implements [messages.Words].
func (p provinces) In(language string) string {
	if language != messages.English {
		return strings.Join(p, "、")
	}
	english := make([]string, len(p))
	for i, name := range p {
		english[i] = EnglishProvince(name)
	}
	return strings.Join(english, ", ")
}
