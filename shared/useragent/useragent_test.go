package useragent_test

import (
	"testing"

	"github.com/aisle-rec/aisle/shared/useragent"
)

func TestProgramsAreToldFromBrowsers(t *testing.T) {
	t.Parallel()
	for header, robot := range map[string]bool{
		"": false,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 " +
			"Safari/537.36": false,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 " +
			"Mobile/15E148 Safari/604.1": false,
		"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 " +
			"Firefox/132.0": false,
		"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 " +
			"Chrome/122.0.0.0 Mobile Safari/537.36": false,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 " +
			"Safari/537.36": true,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": true,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) " +
			"Chrome/116.0.1938.76 Safari/537.36": true,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)": true,
		"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)":                                     true,
		"Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)":                                 true,
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)":                              true,
	} {
		if name := useragent.Robot(header); name != "" != robot {
			t.Errorf("%q is named %q, robot %t expected", header, name, robot)
		}
	}
}
