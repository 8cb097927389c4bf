// What the page of the report carries in itself: page.css and page.js. Neither holds "<" or "&", so
// that the page is the same to readers of HTML and of XML.
#pragma once

namespace repo {

extern const char* const kPageStyle;
extern const char* const kPageScript;

}  // namespace repo
