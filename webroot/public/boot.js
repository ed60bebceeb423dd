// SPDX-License-Identifier: Apache-2.0
// Runs before the first paint so that neither the theme nor the language flickers.
(function () {
    var root = document.documentElement;
    var theme = 'auto';
    try {
        theme = localStorage.getItem('fairlead.theme') || 'auto';
        root.lang = localStorage.getItem('fairlead.locale') || 'zh-CN';
    } catch (error) {
        // Storage is blocked: the defaults stay.
    }
    var dark = theme === 'dark' || (theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
    root.classList.toggle('dark', dark);
})();
