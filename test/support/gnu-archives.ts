/**
 * Archives made by GNU tar 1.34 and GNU cpio 2.13, packed: every form that the readers know, so that they are
 * tried on a machine without these programs too. Owner 12, group 34, time 10^9. `d` holds `f` ("hello"), a
 * hard link to it and a symlink; `pipe` is a fifo; `n…/m…` and `ll` are a file with a long name and a symlink
 * to it; `holes` and `hole` are sparse, see {@link holesContent}.
 *
 * @module
 */
import { gunzipSync } from 'node:zlib';

/** An archive of that name, expanded. */
export const gnuArchive = (name: GnuArchive): Uint8Array =>
  new Uint8Array(gunzipSync(Buffer.from(PACKED[name].join(''), 'base64')));

/** Name of an archive. */
export type GnuArchive = keyof typeof PACKED;

/** 30 regions in 1,638,500 bytes: one every 48 KiB, each a line and letters, and a tail. */
export function holesContent(): Uint8Array {
  const content = Buffer.alloc(400 * 4096 + 100);
  for (let i = 0; i < 30; i += 1)
    content.write(`block ${String(i)}\n${'x'.repeat(20)}`, i * 12 * 4096 + 4096);
  content.write('tail', 400 * 4096 + 90);
  return new Uint8Array(content);
}

const PACKED = {
  'v7.tar': [
    'H4sIAAAAAAACA+2VPQ7CMAxGPXOK3iCJ658LhQpEgIGpt29pqg4dKjE0KIrf8mV1nvw5OjgdP6PMS/pAOQlzZsBrT8',
    'LEy9sLikDHUBHbIGtWQnRDka8RogP/svffM0IH5v90bteU3hcwGiW6dH89/r3/+/5Xxrn/Q4lyar7/P+OzxP1X/cV/',
    '+N5/HCpapEr9G4bRLhMQSZcGAA4AAA==',
  ],
  'ustar.tar': [
    'H4sIAAAAAAACA+2VQQrCMBBFZ+0pcoNO2pnJeYS0WIxarC68vbHZVRAEkyKZt/lZBJLMJ//7BrKDEce8KFpKSm3SBK',
    'DrSJh4WcfdyGAYCnCfb/trPPIXj0yXT/on+GYo4r8QffBf1v4LWzCo/mfn0Idw2YFSKb4J4/m49f9f5b9FRzH/bYlw',
    'qj7/58epRP87943/9Or/digwgMr9n8ap377/3/y3nYAR7X9FUZRsPAHjFLTYABAAAA==',
  ],
  'pax.tar': [
    'H4sIAAAAAAACA+2YTW7CMBBGveYUPkEz/pnxinW77BUiCATVSSqSSvT2OKVSRUBUqLILeN4mkTeJ8mXeePws4gMBsv',
    'brGpheARQJhQbAaU1EYZ20AiHXCd5NfPRDuQ2PFHmirFx0TVO1w7zezASTGcsiTf07xEO9q28PWP1T/6MLnLGEFg9e',
    'cAgoJN5T/U/ldjf5r9L6/2z+NM2fUAkJnH906sr7jr2fsf/9pn377/qf+F+Bs8H/KoWcsvd//9mk6P/OXZO/Hfu/Xi',
    'X4AJnn/1S8lruXqlxW275o4/Db/KetOs7fGAhLcsfzX/z5j5R8L4d63t4kBW9N4pIixKvnv/FW8/z3SPlf8j/iif9R',
    'afZ/CsyN+795EGZc/xf8jyf+t47Pf1Lgu3bNe6x8OZr/vI9//nO2/+N0/ifjuP+n6f8oxxNA3gPkuQeIVPJ/O/8zqM',
    'EIqVP8XZn3f4Zh8mUPaKQ0nAAmAAA=',
  ],
  'long-gnu.tar': [
    'H4sIAAAAAAACA+2XPQ7CMAxGPXMKn6BNEzte2cklmBCiBImf+1PaqgjKwpAqavyWWFkyON9zUtVVvQ2XeAjHeII0mA',
    '5P1K8d36ux7l0P+yLeAwZYgMftvr8iQqHELKlBWU//X6EW5iHjzegBsp+ZF0eeifvaOccWkDX/yaky8D/T3P9i1f8F',
    '+/+8ErT/o/+n/P/0P8/8TwJoNP/JaTv1b/QZVCzZzv8GcKf51/mv8z+t/9v0Z/T/P5F//n9iHKBd4qoVnn9FUcrlCY',
    'SyRKAAGAAA',
  ],
  'sparse-gnu.tar': [
    'H4sIAAAAAAACA+3YT2rbQBTAYWXbU+gIo/kj2efICdwSSKnBEDvQ49e1Q5O2mkUXTsrj+zYywyPCb7z55fGwfzgOt5',
    'XO5lovzzS9PGu+Pst8PjqfLaXOrbbzyZDy+bQO4/3wDp6Pp93TOA4fJl3Xki7f/M/PU1s/L535+vf83WX9OV3WvP72',
    'ufPXlvW3T9P6/JQ787Uz3zrzy/p8TuvzOXfmS2e+debn9fnSuZ3SuZ3SuZ1SO/Od/ZfO/mtn/7Wz/7qy/7s3918791',
    'A799A699A699A69/DzR/l6fv2Bvv2xplcDt/F5f/jybUyfvq+wHQAAAIjU/5P+BwAAgPD9n/U/AAAAhO//ov8BAAAg',
    'fP9X/Q8AAADh+7/pfwAAAAjf/7P+BwAAgPD9v+h/AAAACN//G/0PAAAA4ft/q/8BAAAgfP9PyT8AAAAAIHz/T/ofAA',
    'AAwvd/1v8AAAAQvv+L/gcAAIDw/V/1PwAAAITv/6b/AQAAIHz/z/ofAAAAwvf/ov8BAAAgfP9v9D8AAACE7/+t/gcA',
    'AIDo/Z+T/gcAAIDw/T/pfwAAAAjf/1n/AwAAQPj+L/ofAAAAwvd/1f8AAAAQvv+b/gcAAIDw/T/rfwAAAAjf/4v+Bw',
    'AAgPD9v9H/AAAAEL7/t/ofAAAA+Hen3de9LfzvHg/7h1u/I53NtV6eaXp51nx9Xg1pKXVutV0+T9OylGG8f48FPB9P',
    'u6dx/LgbuC4gl5rTbxu5yQsAfvkBWikk3ADuAQA=',
  ],
  'sparse-0.0.tar': [
    'H4sIAAAAAAACA+3YzW4TSRSAUa/9FH6CpLqq+m+RNawQGx7AM3RENIEgtyMFnp6OyYyClcwopQkixTksWnLrCus67e',
    '7PJ6dvtzevp+37aTeffri6nObV/y4supwPx8XxMeU+rkKfctfm9vB606ScVpub1U9wPe+3u+WtrH5Psd+8evPuZP68',
    '3c3TyXzxdTprujQsn8P6x1Ofrj/+cXn151/zWYrr2N0/dXV+Pk/7sxzGbh2H46Ev+2m+O9c/MNWmmId/HxseGGtCzL',
    'fv8clzbdO28elzMYQ+5IK5PA5tVzA3jiEU7CXloekK9pLGPjUFe8m5W/4VzI1t1xTspc257wr20o5pjAV76XIKfcFe',
    'ujHGWLCXPjepL9hLP4Y2FuxlSGM3FOxlWKSCvYypH4eCvYxD36T/2Mv44PdE6uIwlAwOy99aKBhcbl7tGEsGh9TnXD',
    'AYUxzGkuXEIYZcspy0fFmEkuWkIaS2ZDk5jm0oWc5yN8sP3s0Og83tqcfmDnfB9sG5sK7j/v9Mj3yPP/81d8ccvx9T',
    't7yUj57/Qor9ahNe0vPf8cPtC3F4ptuE9c0DVgAAAEAVvvd/o/8BAACg+v6P+h8AAACq7/+k/wEAAKD6/s/6HwAAAK',
    'rv/1b/AwAAQPX93+l/AAAAqL7/e/0PAAAA1ff/oP8BAACg+v4f9T8AAABU3/9N8AMAAAAAVN//jf4HAACA6vs/6n8A',
    'AACovv+T/gcAAIDq+z/rfwAAAKi+/1v9DwAAANX3f6f/AQAAoPr+7/U/AAAAVN//g/4HAACA6vt/1P8AAABQe//HoP',
    '8BAACg+v5v9D8AAABU3/9R/wMAAED1/Z/0PwAAAFTf/1n/AwAAQPX93+p/AAAAqL7/O/0PAAAA1fd/r/8BAACg+v4f',
    '9D8AAABU3/+j/gcAAACebr+9uLSFX93J6dvtzetp+37azacfri6nZ/g/wqLL+XBcHB9Dk/tV6FPu2tweXm+aps2rzU',
    '/5/el63m93y1v5TT//2G5evXl3Mn/e7ubpZL74Op01t5/JOnb3T3y6/nj4pXA+a9axv3/m6vx8nvZ/D7XHQ1/203wW',
    '1i60X9QzXfKPX//N3THHf67/wzX/w/UfmhhXm/CSrv/jLzeAX9w3U0+1yAD4AQA=',
  ],
  'sparse-0.1.tar': [
    'H4sIAAAAAAACA+3Y227TSACA4VznKfIAKJ2TTxe5Ba4QEuIBvIslKlqoaipVPP26qVNtqt2LlVgEw/dVrd0kk8QeT6',
    'Q/+4u34/3rafww3c4XH79cTfPmuwuLtpTjdvF8G7rSbkKXS9uU5nh7jHl5+O5+8wPczV/H2+WtbH5Pqdu9evN+P9+M',
    't/O0ny+/TYfY5n6Zh+35XZ/vrv+4+vLnp/mQ0zY1Z3eN19PheO1sSzgbdD3eHEoY2hfHP01OpX/cjSGVENb9JjZNet',
    'xPy9UQyrpfhr5Zh6ZhCGEdm0sf23VsHroc17GltMvPuj80bTy9bCldu45thjykdWxbcujWse2QUlrHdiXmbh3bDaFJ',
    '69g+D22/ju0XeR075G7o17FD38Xcno4xt6l/OuB+eR+nI16u72ZIp3/63JV1fEw59afzFVOfwtMZy8uBPp2y3Id8Om',
    'expKE5nbSHyXs4s/Hh93EiX4Ttv8///mKZrnfH2Xp5eTXtU7c83Xf+IDhb/3HdlvS4ze1yU3m2/nPTxM0u/Err//mH',
    '2y/iuKZ3YXv/DzYAAABAFR77P+p/AAAAqL7/k/4HAACA6vs/638AAACovv+L/gcAAIDq+7/R/wAAAFB9/7f6HwAAAK',
    'rv/07/AwAAQPX93+t/AAAAqL7/B/0PAAAA1fd/DL4AAAAAgOr7P+p/AAAAqL7/k/4HAACA6vs/638AAACovv+L/gcA',
    'AIDq+7/R/wAAAFB9/7f6HwAAAKrv/07/AwAAQPX93+t/AAAAqL7/B/0PAAAAtfd/CvofAAAAqu//qP8BAACg+v5P+h',
    '8AAACq7/+s/wEAAKD6/i/6HwAAAKrv/0b/AwAAQPX93+p/AAAAqL7/O/0PAAAA1fd/r/8BAACg+v4f9D8AAADw330d',
    'L6+chZ/d/uLteP96Gj9Mt/PFxy9X0//wGmHRlnLcLp5vQyzNJnS5tE1pjrfHGJu02f2Q75/u5q/j7fJWftP5T83u1Z',
    'v3+/lmvJ2n/Xz5bTrEhznZpvbvd3y+uz5+Uzgf4jaVs3vG6+nwcOE8G3E93jw+04uwtcx+4vW/zNm745S9vLya9qmL',
    'JX3nD4Kz9R/XbUlP6/+45s/Wf87Lw3fhV1r/zz/cAH5yfwHHfAmqAPIBAA==',
  ],
  'sparse-1.0.tar': [
    'H4sIAAAAAAACA+3Y207bSACA4VznKfIEwXPw6YLbtldVpaoP4N1aatoAVUIl1KdfJzgIsnuzEtstw/chcJgwSmxnRv',
    'pZX3wY7t6Nw+dxt7/4crMd94tnV02anI/HyfmxCofn2pSbOtfH8RBSyovV3eIX+LG/HXbTW1m8TjGu3r7/tN5/H3b7',
    'cX01fL3ZXYbl2ejmehqtlrF+PHo9XI2Xx0/MMoXHT+zGYbvf/BwvQ5O66YYuF/y21hfTnft4vHFvNttxHduQ0zNvBE',
    '/Wf5iPOd4fUxP+vv5TXafFqnpJ6/98c3shUlzmqm/uf9Qp5u7+Yahinpbu/eM61PX8d7Gq2irPj3Pf1fPU2PdVNc9N',
    'uQvNPDf1bQqn18jN9DU/7usmnF4257aZ59Z96uM8t8mpaue5TR9jnOe2OaR2ntv2VR3nuV3qm26e201O59antu/muX',
    '3XhtSczjE1sXs44W56H6czDinXfTz90qU2z/NDTLE7Xa8Qu1g9XLE0nejDJUtdlU7XLOTY16eLdtgUD1c2HL7nDfJ/',
    '3CL/2N78+W1VLe/+gd0RAAAAynDf/0H/AwAAQPH9H/U/AAAAFN//Sf8DAABA8f2f9T8AAAAU3/+1/gcAAIDi+7/R/w',
    'AAAFB8/7f6HwAAAIrv/07/AwAAQPH93+t/AAAAKL7/Q+UfAAAAAFB8/wf9DwAAAMX3f9T/AAAAUHz/J/0PAAAAxfd/',
    '1v8AAABQfP/X+h8AAACK7/9G/wMAAEDx/d/qfwAAACi+/zv9DwAAAMX3f6//AQAAoPT+j5X+BwAAgOL7P+h/AAAAKL',
    '7/o/4HAACA4vs/6X8AAAAovv+z/gcAAIDi+7/W/wAAAFB8/zf6HwAAAIrv/1b/AwAAQPH93+l/AAAAKL7/e/0PAAAA',
    '/Hu3w2brKvzu1hcfhrt34/B53O0vvtxsx//gNapJk/PxODk/ViGHRdWm3NS5Po6HEHKzWP2S/z/92N8Ou+mtvNL7H+',
    'Pq7ftP6/33Ybcf11fD15vdZViejW6up9FqGfPj0evharw8fGKWsX88vhuH7X7zc7wMh3u7tMR+8/U/3bqPxzv3ZrMd',
    '17ENOT3zRvBk/Yf5mONp/Yfjmn+y/lM6rP/qJa3/883thQjL+2VqoQK8Ln8B3T+gQgD2AQA=',
  ],
  'newc.cpio': [
    'H4sIAAAAAAACAzMwNzA3MDRAAiaGri5QpjOEMjKC8o2MnSwdnR0NSAUw/QYpDAbI9oFpC0NHEyrbZwK3Tz+NgYEyO8',
    '2ItNMcYWdOZl420FqGjNScnHwuNPvB9jgaurnhsN8QzX5DIu03Q9hfXJnLgOFvY7BhuP1tSGZYm8IYBZkFqWh2EgKG',
    'BuQBJxgjJMjR08c1SFFRkWEUkAUAxw8/FgAEAAA=',
  ],
  'crc.cpio': [
    'H4sIAAAAAAACAzMwNzA3MDJAAiaGri5QpjOEMoLJGxk7WTo6OxqQCuDmpzAYINtnCCIsDB1NqGyfCdw+/TQGBsrsNC',
    'PSTnOIbkPXFP2czLxsoLUMGak5OflcaPaDaUdDNzcc9hui2W9IpP1mCD8XV+YyYPibEDA0IA84wRghQY6ePq5BioqK',
    'DKNgyAAA7E1RHAAEAAA=',
  ],
} as const;
